-- How an event came: 1 by a webhook; 2 by a poll, where both are used; null by the one way in which its connection tells.
alter table event add column way integer;

-- An event that a webhook told, and a poll too; by_id: the poll's row, where it is one of its own, which then does not count.
create table confirmed (
  contact_id integer not null,
  event_id integer not null,
  by_id integer,
  known_at integer not null,
  primary key (contact_id, event_id)
) strict, without rowid;
create unique index confirmed_by on confirmed (by_id) where by_id is not null;

-- How far apart the times may be that a webhook and a poll give for one event (null: it is not told twice, or by one id).
alter table connection add column twins_ms integer;

-- Streams that are complete only as far as the platform's counters agree with what is stored, and up to where the last pass was.
create table counted_stream (
  connection_id integer not null references connection,
  stream text not null,
  complete_to_at integer,
  primary key (connection_id, stream)
) strict, without rowid;

-- The last look at each counter, up to where its pass was complete, and the look of the pass that is under way.
create table counter (
  connection_id integer not null references connection,
  stream text not null,
  campaign_id integer not null references campaign,
  kind integer not null references kind,
  at integer,
  contacts integer,
  times integer,
  complete_to_at integer,
  coming_at integer,
  coming_contacts integer,
  coming_times integer,
  primary key (connection_id, stream, campaign_id, kind)
) strict, without rowid;

-- Two looks between which a counter rose by more than what reached us: a hole of the source counter:STREAM:ID. seen: what
-- was stored and counted when it was last found to be one.
create table shortfall (
  id integer primary key autoincrement,
  connection_id integer not null references connection,
  stream text not null,
  campaign_id integer not null references campaign,
  kind integer not null references kind,
  before_at integer,
  before_contacts integer,
  before_times integer,
  at integer not null,
  contacts integer not null,
  times integer,
  seen text
) strict;

-- What of a campaign reached us, in whichever way: compared with the platform's counters.
create index event_of_two_ways on event (campaign_id, kind, at, contact_id) where way is not null;

-- Numbers of orders: what two connections tell of one order counts once.
create table order_number (id integer primary key, number text not null unique) strict;
alter table event add column order_id integer;
