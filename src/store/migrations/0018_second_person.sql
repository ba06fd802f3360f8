-- A batch of cleaning may need a second person. Null: not known of batches that are older than this, or not yet.
alter table cleaning_batch add column people integer not null default 1;
alter table cleaning_batch add column approved_from text;
alter table cleaning_batch add column confirmed_at integer;
alter table cleaning_batch add column confirmed_by text;
