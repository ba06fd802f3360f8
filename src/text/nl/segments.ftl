### Page: segments
