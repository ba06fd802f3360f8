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
