-- Rules that were published from the dashboard, and what is being prepared.
-- One draft for each file of the configuration.
create table draft (
  file text primary key,
  text text not null,
  base text not null,
  author text not null,
  saved_at integer not null
) strict, without rowid;

-- Every change of a file: the row stands before the file is touched.
create table publication (
  id integer primary key autoincrement,
  file text not null,
  state text not null,
  before text not null,
  after text not null,
  before_hash text not null,
  after_hash text not null,
  rules_before text not null,
  rules_after text not null,
  who text not null,
  reason text not null,
  undoes_id integer references publication,
  planned_at integer not null,
  settled_at integer,
  detail text
) strict;
create index publication_open on publication (id) where state = 'planned';
