-- What the dashboard's charts are drawn from. Whoever writes the rows keeps the counts, in the same transaction;
-- `engaged verify` counts again. Where a word's number is asked for and there is none, it is 0: no band, judged.

-- How many contacts are at each number of points of a score now.
create table spread (
  score_id integer not null,
  shown integer not null,
  band_id integer not null,
  contacts integer not null,
  primary key (score_id, shown, band_id)
) strict, without rowid;

-- How many there are of each sort now: 'contact', 'event'; of a connection 'identity' and by state 'outbox';
-- in each 'segment' and 'stage', and by reason 'unjudged'.
create table tally (
  sort text not null,
  connection_id integer not null,
  word_id integer not null,
  number integer not null,
  primary key (sort, connection_id, word_id)
) strict, without rowid;

-- Each day on which scores were computed, and how many contacts there were after the last run of it. It is whole while
-- its groups are kept too. In hindsight: before the first run, computed from what was known then.
create table day (
  as_of_on text primary key,
  contacts integer not null,
  whole integer not null,
  known_at integer not null,
  hindsight integer not null default 0
) strict, without rowid;

-- How many contacts were in each 'band' of a score, 'segment', 'stage', and by reason 'unjudged'.
create table day_size (
  as_of_on text not null references day,
  sort text not null,
  score_id integer not null,
  word_id integer not null,
  contacts integer not null,
  primary key (as_of_on, sort, score_id, word_id)
) strict, without rowid;

create table day_spread (
  as_of_on text not null references day,
  score_id integer not null,
  shown integer not null,
  band_id integer not null,
  contacts integer not null,
  primary key (as_of_on, score_id, shown, band_id)
) strict, without rowid;

-- How many contacts a day's runs took from one group to another; -1 is whence the new come.
create table moved (
  as_of_on text not null,
  sort text not null,
  score_id integer not null,
  from_id integer not null,
  to_id integer not null,
  contacts integer not null,
  primary key (as_of_on, sort, score_id, from_id, to_id)
) strict, without rowid;

-- Lists of contacts.
create index score_by_points on score (score_id, band_id, shown, contact_id);
create index segment_member_by_segment on segment_member (segment_id, contact_id);
create index stage_member_by_stage on stage_member (stage_id);
create index cleaning_case_by_contact on cleaning_case (contact_id);
create index contact_state_by_unjudged on contact_state (unjudged) where unjudged is not null;

-- What a sync brought.
alter table run add column new_events integer;
alter table run add column new_contacts integer;
drop index run_by_job;
create index run_by_job on run (job, connection_id, started_at, new_events, new_contacts);
create index run_last on run (job, connection_id);
create index run_last_good on run (job, connection_id) where outcome = 'ok';
create index run_by_start on run (started_at);

-- What there is already.
insert into spread (score_id, shown, band_id, contacts)
  select score_id, shown, coalesce(band_id, 0), count(*) from score group by 1, 2, 3;
insert into word (text) select distinct unjudged from contact_state where unjudged is not null on conflict do nothing;
insert into word (text) select distinct state from outbox where true on conflict do nothing;
insert into tally (sort, connection_id, word_id, number)
  select 'contact', 0, 0, (select count(*) from contact) - (select count(*) from merged)
  union all select 'event', 0, 0, (select count(*) from event) - (select count(*) from superseded)
  union all select 'identity', connection_id, 0, count(*) from identity where gone_at is null group by connection_id
  union all select 'outbox', connection_id, word.id, count(*) from outbox join word on text = state group by connection_id, state
  union all select 'segment', 0, segment_id, count(*) from segment_member group by segment_id
  union all select 'stage', 0, stage_id, count(*) from stage_member group by stage_id
  union all select 'unjudged', 0, coalesce(word.id, 0), count(*) from contact_state left join word on text = unjudged group by unjudged;
delete from tally where number = 0;
