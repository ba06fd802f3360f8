-- The inbox for webhooks.
-- What platforms sent by themselves, as it came; the secret part of the address is left out.
-- waiting until it is read; odd where it, or some of it, could not be understood.
create table delivery (
  id integer primary key autoincrement,
  connection_id integer not null references connection,
  -- What names it: an id of the platform's, or the SHA-256 of its body. The same again is a repetition.
  name text not null,
  method text not null,
  url text not null,
  headers text not null,
  body blob not null,
  received_at integer not null,
  state text not null check (state in ('waiting', 'read', 'odd')),
  settled_at integer,
  why text,
  unique (connection_id, name)
) strict;
create index delivery_waiting on delivery (id) where state = 'waiting';
create index delivery_settled on delivery (settled_at) where settled_at is not null;

-- How a connection's webhooks fare. Deliveries whose sender did not know the path are nobody's: connection_id 0.
create table hook (
  connection_id integer primary key,
  accepted integer not null default 0,
  repeated integer not null default 0,
  refused integer not null default 0,
  -- Rows of kinds that nobody knows.
  unknown integer not null default 0,
  -- Since when the connection is to have webhooks.
  expected_at integer not null,
  -- When the last genuine one came, new or repeated.
  heard_at integer,
  refused_at integer,
  refused_why text,
  -- When a delivery last said that there is something to poll.
  hinted_at integer
) strict;
