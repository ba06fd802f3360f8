### Page: privacy
