-- Who objects to being scored, since when and by whose hand; in force while withdrawn_at is null.
create table objection (
  contact_id integer not null references contact,
  known_at integer not null,
  who text not null,
  withdrawn_at integer,
  primary key (contact_id, known_at)
) strict, without rowid;
create index objection_in_force on objection (contact_id) where withdrawn_at is null;

-- Connections off which our fields and tags are taken, until that is taken back.
create table retraction (
  connection_id integer primary key references connection,
  known_at integer not null,
  who text not null
) strict;

-- By this key alone addresses and ids that are not kept are known again.
create table privacy_key (id integer primary key check (id = 1), key blob not null) strict;

-- Whom an erasure keeps out: keyed hashes of addresses and of platform ids. The same stand in a file beside the database.
create table erased (hash blob primary key, erased_at integer not null) strict, without rowid;

-- Of events that a platform counts and we no longer have, or leave out, because their contact was erased: that there were
-- some. Neither column tells whose, and whose_hash is another one for each campaign.
create table left_out (
  campaign_id integer not null references campaign,
  kind integer not null references kind,
  event_hash blob not null,
  whose_hash blob not null,
  at integer not null,
  primary key (campaign_id, kind, event_hash)
) strict, without rowid;
