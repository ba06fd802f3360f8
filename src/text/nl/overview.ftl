### Page: overview
