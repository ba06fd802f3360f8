-- The schema as it stands after every migration; a test compares the two.
-- Times end in _at: milliseconds since 1970, UTC. Dates end in _on: ISO text in the configured zone.
-- What scoring reads is append-only and carries known_at, the commit that brought it.

-- Texts, each once.
create table word (id integer primary key, text text not null unique) strict;
create table kind (id integer primary key, name text not null unique) strict;
create table url (id integer primary key, url text not null unique) strict;
create table item (id integer primary key, name text not null unique) strict;
create table order_number (id integer primary key, number text not null unique) strict;
create table currency (id integer primary key, code text not null unique) strict;

-- Connections and how far each has been read. twins_ms: how far apart the times may be that a webhook and a poll give for
-- one event (null: it is not told twice, or by one id).
create table connection (
  id integer primary key,
  name text not null unique,
  platform text not null,
  known_at integer not null,
  first_read_at integer,
  twins_ms integer
) strict;

create table stream_kind (
  connection_id integer not null references connection,
  stream text not null,
  kind integer not null references kind,
  primary key (connection_id, stream, kind)
) strict, without rowid;

create table cursor (
  connection_id integer not null references connection,
  stream text not null,
  position text not null,
  known_at integer not null,
  primary key (connection_id, stream)
) strict, without rowid;

-- Complete for one kind from from_at (null: for ever) until before through_at.
create table coverage (
  id integer primary key,
  connection_id integer not null references connection,
  kind integer not null references kind,
  from_at integer,
  through_at integer not null,
  known_at integer not null
) strict;
create index coverage_by_kind on coverage (connection_id, kind, through_at);

-- Days, both included, that are not complete; kind null means every kind.
create table hole (
  id integer primary key,
  connection_id integer not null references connection,
  kind integer references kind,
  from_on text not null,
  to_on text not null,
  source text not null,
  known_at integer not null,
  healed_at integer
) strict;

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

create table reject (
  id integer primary key,
  connection_id integer not null references connection,
  stream text not null,
  platform_id text,
  at integer,
  reason text not null,
  times integer not null default 1,
  known_at integer not null,
  seen_at integer not null
) strict;
create index reject_by_stream on reject (connection_id, stream);

-- Contacts.
create table contact (
  id integer primary key,
  email text unique,
  known_at integer not null
) strict;

-- What a contact's address was (null: none) until it got another.
create table former_address (
  contact_id integer not null references contact,
  until_at integer not null,
  email text,
  primary key (contact_id, until_at)
) strict, without rowid;

create table identity (
  connection_id integer not null references connection,
  platform_id text not null,
  contact_id integer not null references contact,
  email text,
  known_at integer not null,
  seen_scan_at integer,
  gone_at integer,
  status integer,
  tags_seen_at integer,
  primary key (connection_id, platform_id)
) strict, without rowid;
create index identity_by_contact on identity (contact_id);

create table membership (
  contact_id integer not null references contact,
  connection_id integer not null references connection,
  known_at integer not null,
  primary key (contact_id, connection_id)
) strict, without rowid;

-- Two contacts that turned out to be one; facts of both are read together.
create table merged (
  contact_id integer primary key references contact,
  into_id integer not null references contact,
  known_at integer not null
) strict;
create index merged_by_target on merged (into_id);

create table field (
  contact_id integer not null references contact,
  connection_id integer not null references connection,
  name_id integer not null references word,
  known_at integer not null,
  value text not null,
  primary key (contact_id, connection_id, name_id, known_at)
) strict, without rowid;

-- list_id 0: the platform's word on the contact as a whole.
create table subscription (
  contact_id integer not null references contact,
  connection_id integer not null references connection,
  list_id integer not null,
  known_at integer not null,
  status integer not null,
  at integer not null,
  primary key (contact_id, connection_id, list_id, known_at)
) strict, without rowid;

create table subscribed (
  contact_id integer not null references contact,
  connection_id integer not null references connection,
  at integer not null,
  known_at integer not null,
  primary key (contact_id, connection_id, at)
) strict, without rowid;

create table remote_tag (
  contact_id integer not null references contact,
  connection_id integer not null references connection,
  tag_id integer not null references word,
  primary key (contact_id, connection_id, tag_id)
) strict, without rowid;

create table adjustment (
  id integer primary key,
  contact_id integer not null references contact,
  score text not null,
  points integer not null,
  from_on text not null,
  until_on text not null,
  reason text not null,
  author text not null,
  known_at integer not null,
  withdrawn_at integer
) strict;
create index adjustment_by_contact on adjustment (contact_id);

-- What happened.
create table campaign (
  id integer primary key,
  connection_id integer not null references connection,
  platform_id text not null,
  name text not null default '',
  sent_at integer,
  unique (connection_id, platform_id)
) strict;

-- The record of what came in, once each; rows are never changed. way: 1 by a webhook; 2 by a poll, where both are
-- used; null by the one way in which its connection tells.
create table event (
  id integer primary key autoincrement,
  contact_id integer not null,
  at integer not null,
  kind integer not null,
  connection_id integer not null,
  known_at integer not null,
  campaign_id integer,
  link_id integer,
  url_id integer,
  item_id integer,
  quantity integer,
  value integer,
  currency_id integer,
  tracked integer,
  verdict integer,
  platform_event_id text,
  properties text,
  way integer,
  order_id integer
) strict;
create index event_of_two_ways on event (campaign_id, kind, at, contact_id) where way is not null;

-- What scoring reads: each contact's events packed by half-years (src/store/history/codec.rs).
create table history (
  contact_id integer not null,
  bucket integer not null,
  part integer not null,
  ev blob not null,
  primary key (contact_id, bucket, part)
) strict, without rowid;

-- An event that a webhook told, and a poll too; by_id: the poll's row, where it is one of its own, which then does not count.
create table confirmed (
  contact_id integer not null,
  event_id integer not null,
  by_id integer,
  known_at integer not null,
  primary key (contact_id, event_id)
) strict, without rowid;
create unique index confirmed_by on confirmed (by_id) where by_id is not null;

-- The platform changed an event's time: the event that no longer counts, and the one that replaced it.
create table superseded (
  contact_id integer not null,
  event_id integer not null,
  by_id integer not null,
  known_at integer not null,
  primary key (contact_id, event_id)
) strict, without rowid;

create table verdict (
  contact_id integer not null,
  event_id integer not null,
  known_at integer not null,
  verdict integer not null,
  reason text not null,
  primary key (contact_id, event_id, known_at)
) strict, without rowid;

-- Scores.
create table rule_version (
  id integer primary key,
  fingerprint text not null unique,
  rules text not null,
  known_at integer not null
) strict;

create table sequence (name text primary key, value integer not null) strict, without rowid;

create table dirty (contact_id integer primary key, seq integer not null) strict;

create table contact_state (
  contact_id integer primary key,
  rule_version_id integer not null,
  as_of_on text not null,
  next_change_on text,
  unjudged text
) strict;
create index contact_state_by_next_change on contact_state (next_change_on) where next_change_on is not null;
create index contact_state_by_unjudged on contact_state (unjudged) where unjudged is not null;

create table score (
  contact_id integer not null,
  score_id integer not null,
  raw integer not null,
  shown integer not null,
  band_id integer,
  primary key (contact_id, score_id)
) strict, without rowid;
create index score_by_points on score (score_id, band_id, shown, contact_id);

create table score_history (
  contact_id integer not null,
  score_id integer not null,
  as_of_on text not null,
  raw integer not null,
  shown integer not null,
  band_id integer,
  rule_version_id integer not null,
  known_at integer not null,
  primary key (contact_id, score_id, as_of_on)
) strict, without rowid;

create table segment_member (
  contact_id integer not null,
  segment_id integer not null,
  since_on text not null,
  primary key (contact_id, segment_id)
) strict, without rowid;
create index segment_member_by_segment on segment_member (segment_id, contact_id);

create table stage_member (
  contact_id integer primary key,
  stage_id integer not null,
  since_on text not null
) strict;
create index stage_member_by_stage on stage_member (stage_id);

-- Figures: what the dashboard's charts are drawn from. Whoever writes the rows keeps the counts, in the same transaction;
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

-- Automations.
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
create index automation_entry_inside on automation_entry (automation_id, state) where left_at is null;
create index automation_entry_by_day on automation_entry (automation_id, entered_on, state);

-- What everybody's scores were like, once in each ISO week.
create table week (
  week text primary key,
  as_of_on text not null,
  rules text not null,
  contacts integer not null,
  known_at integer not null
) strict, without rowid;

-- Each band from the top, then nobody's: null.
create table week_band (
  week text not null references week,
  score_id integer not null,
  place integer not null,
  band_id integer,
  contacts integer not null,
  -- Of those in it four weeks before who had not converted: how many there were, and how many have since.
  earlier integer not null,
  converted integer not null,
  primary key (week, score_id, place)
) strict, without rowid;

-- Each rule in the order of the file: contacts that it gave or cost points, and their sum in thousandths.
create table week_rule (
  week text not null references week,
  score_id integer not null,
  place integer not null,
  rule_id integer not null,
  contacts integer not null,
  points integer not null,
  primary key (week, score_id, place)
) strict, without rowid;

-- Cleaning.
-- What was decided about contacts that are taken off a list, and when. This is memory, and cannot be computed again.
-- `people`: how many have to say so before anything is done; `approved_from`: where the first of them spoke.
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
  changed_at integer not null,
  people integer not null default 1,
  approved_from text,
  confirmed_at integer,
  confirmed_by text
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
create index cleaning_case_by_contact on cleaning_case (contact_id);

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

-- Writing to platforms.
-- `written`: how many of a plan's writes were done when its push ended; null while it goes on, or if it was cut off.
create table plan (
  id integer primary key autoincrement,
  fingerprint text not null,
  state text not null,
  summary text not null,
  known_at integer not null,
  decided_at integer,
  decided_by text,
  connection_id integer references connection,
  written integer
) strict;

create table outbox (
  id integer primary key autoincrement,
  plan_id integer references plan,
  connection_id integer not null references connection,
  contact_id integer references contact,
  platform_id text not null,
  write text not null,
  target text not null,
  value text,
  reason text not null,
  state text not null,
  tries integer not null default 0,
  attempt text,
  not_before_at integer,
  detail text,
  known_at integer not null,
  changed_at integer not null,
  lane text not null default 'set'
) strict;
create index outbox_by_target on outbox (connection_id, platform_id, target);
create index outbox_by_state on outbox (connection_id, state, id);
create index outbox_by_plan on outbox (plan_id, state);
-- A start has one row, whatever happens.
create unique index outbox_start on outbox (target) where lane = 'start';

create table acknowledged (
  connection_id integer not null,
  platform_id text not null,
  contact_id integer not null,
  target text not null,
  value text,
  known_at integer not null,
  primary key (connection_id, platform_id, target)
) strict, without rowid;

create table drift (
  connection_id integer not null,
  platform_id text not null,
  contact_id integer not null,
  target text not null,
  ours text,
  theirs text,
  known_at integer not null,
  primary key (connection_id, platform_id, target)
) strict, without rowid;

create table baseline (
  connection_id integer not null references connection,
  target text not null,
  approved_at integer not null,
  approved_by text not null,
  primary key (connection_id, target)
) strict, without rowid;

create table guard (
  id integer primary key autoincrement,
  name text not null,
  connection_id integer references connection,
  subject text not null,
  detail text not null,
  tripped_at integer not null,
  closed_at integer,
  verdict text,
  closed_by text
) strict;
create index guard_open on guard (name, subject) where closed_at is null;

-- Publishing rules.
-- One draft for each file of the configuration.
create table draft (
  file text primary key,
  text text not null,
  base text not null,
  author text not null,
  saved_at integer not null
) strict, without rowid;

-- Every change of a file: the row stands before the file is touched.
create table publication (
  id integer primary key autoincrement,
  file text not null,
  state text not null,
  before text not null,
  after text not null,
  before_hash text not null,
  after_hash text not null,
  rules_before text not null,
  rules_after text not null,
  who text not null,
  reason text not null,
  undoes_id integer references publication,
  planned_at integer not null,
  settled_at integer,
  detail text
) strict;
create index publication_open on publication (id) where state = 'planned';

-- Alerts.
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

-- Operation.
create table run (
  id integer primary key autoincrement,
  job text not null,
  connection_id integer references connection,
  started_at integer not null,
  ended_at integer,
  outcome text,
  detail text,
  new_events integer,
  new_contacts integer
) strict;
create index run_by_job on run (job, connection_id, started_at, new_events, new_contacts);
create index run_last on run (job, connection_id);
create index run_last_good on run (job, connection_id) where outcome = 'ok';
create index run_by_start on run (started_at);
create index run_by_outcome on run (job, outcome) where outcome is not null;

create table control (name text primary key, value text not null, known_at integer not null) strict, without rowid;

-- Each row is chained to the one before, and stays.
create table audit (
  id integer primary key,
  at integer not null,
  who text not null,
  what text not null,
  detail text not null,
  hash blob
) strict;
create trigger audit_is_not_changed before update on audit
when old.hash is not null or new.id <> old.id or new.at <> old.at or new.who <> old.who or new.what <> old.what
  or new.detail <> old.detail
begin select raise(abort, 'the audit trail is not changed'); end;
create trigger audit_is_kept before delete on audit
begin select raise(abort, 'the audit trail is kept'); end;

-- Who may use the dashboard and the API.
create table account (
  id integer primary key autoincrement,
  name text not null unique,
  role text not null,
  password text not null,
  language text,
  theme text,
  created_at integer not null,
  disabled_at integer
) strict;

-- Sessions that have not ended. Of a token there is only its SHA-256.
create table session (
  id integer primary key autoincrement,
  digest blob not null unique,
  account_id integer not null references account,
  begun_from text not null,
  created_at integer not null,
  seen_at integer not null,
  stepped_up_at integer
) strict;
create index session_by_account on session (account_id);

-- Links that nobody has used. One that is first is good only while there is no admin.
create table setup_link (
  digest blob primary key,
  role text not null,
  first integer not null,
  expires_at integer not null
) strict, without rowid;

create table api_token (
  id integer primary key autoincrement,
  digest blob not null unique,
  name text not null,
  scopes text not null,
  account_id integer references account,
  created_by text not null,
  created_at integer not null,
  expires_at integer not null,
  used_at integer,
  revoked_at integer
) strict;

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

-- Care.
-- Backups that were opened and found good.
create table backup (
  id integer primary key autoincrement,
  file text not null,
  made_at integer not null,
  bytes integer not null,
  contacts integer not null,
  events integer not null
) strict;

-- What each check of our own last found (null: nothing), and since when it finds something.
create table care (
  name text primary key,
  at integer not null,
  trouble text,
  since_at integer
) strict, without rowid;

-- Backups that were put in the place of the database. Until ended_at nothing is written to a platform. known_to_at: the newest
-- that the backup knew. abandoned: writes that were given up; silenced: entries that start nothing because of it.
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

-- Connections whose platform may have been told more than the backup knows, until what it shows was taken over. taken: values
-- that it shows; unknown: values that it does not show, and that are written again.
create table restored_connection (
  connection_id integer primary key references connection,
  restored_at integer not null,
  compared_at integer,
  taken integer,
  unknown integer
) strict;

-- Privacy.
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

-- What may be used of whom, as the configuration said it: each that was in force, and since when.
create table tracking_rule (known_at integer primary key, rules text not null) strict;

-- The day of a contact's last open, where nothing else of opens is kept; overwritten.
create table last_open (contact_id integer primary key references contact, at integer not null) strict;

-- What came in and was not kept, where a platform counts it: marks that tell whether the same came before, made with a key
-- that is thrown away with them. way: as in event.
create table withheld (
  campaign_id integer not null,
  kind integer not null,
  way integer not null,
  contact_mark integer not null,
  mark integer not null,
  at integer not null,
  primary key (campaign_id, kind, way, contact_mark, mark)
) strict, without rowid;

-- How much of it there was when the marks were thrown away.
create table withheld_sum (
  campaign_id integer not null,
  kind integer not null,
  contacts integer not null,
  times integer not null,
  primary key (campaign_id, kind)
) strict, without rowid;

-- What of a contact is no longer known because it was old, deleted or never stored: when the first and the last of it
-- happened, and which kinds may have been among it (a bit for each built-in kind, the highest for all declared ones).
create table forgotten (
  contact_id integer primary key references contact,
  first_at integer not null,
  until_at integer not null,
  kinds integer not null
) strict;
