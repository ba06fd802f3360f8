-- What a connection in its shadow period would have been told, by the last cycle of each day: contacts for each verb and target.
create table shadow (
  connection_id integer not null references connection,
  shadowed_on text not null,
  verb text not null,
  target text not null,
  contacts integer not null,
  known_at integer not null,
  primary key (connection_id, shadowed_on, verb, target)
) strict, without rowid;
