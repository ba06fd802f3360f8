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
