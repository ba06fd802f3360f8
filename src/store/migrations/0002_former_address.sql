-- What a contact's address was (null: none) until it got another.
create table former_address (
  contact_id integer not null references contact,
  until_at integer not null,
  email text,
  primary key (contact_id, until_at)
) strict, without rowid;
