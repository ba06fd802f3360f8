-- What was told to whom.
-- A condition that held at some look, and how its looks went since.
create table alert (
  key text primary key,
  kind text not null,
  connection text,
  fact text not null,
  state text not null,
  looks integer not null,
  good_since_at integer,
  since_at integer not null,
  changed_at integer not null,
  told_at integer,
  resolved_at integer,
  returns integer not null
) strict, without rowid;

-- What is told: a row before it is a call. Its key is the same however often it is sent.
create table notice (
  id integer primary key autoincrement,
  key text not null unique,
  alert text not null,
  state text not null,
  body text not null,
  delivery text not null,
  tries integer not null default 0,
  not_before_at integer,
  detail text,
  known_at integer not null,
  changed_at integer not null
) strict;
create index notice_open on notice (alert, id) where delivery in ('planned', 'sending', 'retry');

-- Events by the day on which they happened, for as far back as a day is compared.
create table volume (
  connection_id integer not null references connection,
  day_on text not null,
  events integer not null,
  primary key (connection_id, day_on)
) strict, without rowid;

-- How runs ended is asked by whoever scrapes, again and again.
create index run_by_outcome on run (job, outcome) where outcome is not null;
