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

-- Each row of the audit trail is chained to the one before, and stays. What was there is chained by the next row.
alter table audit add column hash blob;
create trigger audit_is_not_changed before update on audit
when old.hash is not null or new.id <> old.id or new.at <> old.at or new.who <> old.who or new.what <> old.what
  or new.detail <> old.detail
begin select raise(abort, 'the audit trail is not changed'); end;
create trigger audit_is_kept before delete on audit
begin select raise(abort, 'the audit trail is kept'); end;
