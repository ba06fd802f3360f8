### Page: push
