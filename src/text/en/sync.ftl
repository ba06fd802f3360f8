### Page: sync
