### Page: automations
