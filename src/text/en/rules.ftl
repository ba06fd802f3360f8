### Page: rules
