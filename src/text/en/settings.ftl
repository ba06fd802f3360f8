### Page: settings
