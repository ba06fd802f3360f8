### Page: contacts
