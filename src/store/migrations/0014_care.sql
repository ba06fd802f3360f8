-- Backups that were opened and found good, what checks of our own found, and restores.
create table backup (
  id integer primary key autoincrement,
  file text not null,
  made_at integer not null,
  bytes integer not null,
  contacts integer not null,
  events integer not null
) strict;

create table care (
  name text primary key,
  at integer not null,
  trouble text,
  since_at integer
) strict, without rowid;

create table restore (
  id integer primary key autoincrement,
  file text not null,
  known_to_at integer,
  restored_at integer not null,
  abandoned integer not null,
  silenced integer not null,
  ended_at integer,
  ended_by text
) strict;

create table restored_connection (
  connection_id integer primary key references connection,
  restored_at integer not null,
  compared_at integer,
  taken integer,
  unknown integer
) strict;
