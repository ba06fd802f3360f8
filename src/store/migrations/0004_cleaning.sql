-- What was decided about contacts that are taken off a list, and when. This is memory, and cannot be computed again.
create table cleaning_batch (
  id integer primary key autoincrement,
  policy_id integer not null references word,
  fingerprint text not null,
  condition text not null,
  done text not null,
  state text not null,
  summary text not null,
  approved_at integer not null,
  approved_by text not null,
  changed_at integer not null
) strict;

create table cleaning_case (
  id integer primary key autoincrement,
  policy_id integer not null references word,
  contact_id integer not null references contact,
  batch_id integer references cleaning_batch,
  stage text not null,
  since_at integer not null,
  opened_at integer not null,
  silent_since_at integer not null,
  detail text,
  ended_at integer
) strict;
-- A policy has at most one open case of a contact.
create unique index cleaning_case_open on cleaning_case (policy_id, contact_id) where ended_at is null;
create index cleaning_case_by_batch on cleaning_case (batch_id);

-- What is done to a contact on one platform, and what it was before: the export.
create table cleaning_removal (
  case_id integer not null references cleaning_case,
  connection_id integer not null references connection,
  platform_id text not null,
  done text not null,
  state text not null,
  before text,
  done_at integer,
  detail text,
  primary key (case_id, connection_id, platform_id)
) strict, without rowid;
