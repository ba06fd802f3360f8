-- What is in `drift` is so now: a push that finds it no more takes the row away.
alter table drift drop column settled_at;
