### Page: cleaning
