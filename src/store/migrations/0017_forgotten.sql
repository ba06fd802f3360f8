-- What of a contact is no longer known because it was old, deleted or never stored: when the first and the last of it
-- happened, and which kinds may have been among it (a bit for each built-in kind, the highest for all declared ones).
create table forgotten (
  contact_id integer primary key references contact,
  first_at integer not null,
  until_at integer not null,
  kinds integer not null
) strict;
