-- What is written is of three sorts that are sent apart: sets, which may be repeated; starts; removals from lists.
alter table outbox add column lane text not null default 'set';
-- A start has one row, whatever happens.
create unique index outbox_start on outbox (target) where lane = 'start';

-- Until when contacts that a connection brought were there from the beginning: nothing starts for them by being new.
alter table connection add column first_read_at integer;

-- What an automation's condition rested on in each version of the rules.
create table automation_version (
  rule_version_id integer not null references rule_version,
  automation_id integer not null references word,
  fingerprint text not null,
  primary key (rule_version_id, automation_id)
) strict, without rowid;

-- Who entered an automation, when, and what came of it. This is memory, and cannot be computed again.
create table automation_entry (
  id integer primary key autoincrement,
  contact_id integer not null references contact,
  automation_id integer not null references word,
  number integer not null,
  entered_at integer not null,
  entered_on text not null,
  state text not null,
  reason text,
  due_at integer,
  decided_at integer not null,
  left_at integer,
  answer text,
  unique (contact_id, automation_id, number)
) strict;
create index automation_entry_open on automation_entry (state, automation_id);
