-- How an event came: 1 by a webhook; null by the one way in which its connection tells.
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
