### Page: scores
