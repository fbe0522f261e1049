-- Secret scopes, their secrets, and who may do what with them. Names are compared without regard to case.
CREATE TABLE secret_scopes (
  name TEXT PRIMARY KEY COLLATE NOCASE
) STRICT;

CREATE TABLE secrets (
  scope TEXT NOT NULL COLLATE NOCASE REFERENCES secret_scopes (name) ON DELETE CASCADE,
  key TEXT NOT NULL COLLATE NOCASE,
  -- As it was given; the file is its owner's alone.
  value BLOB NOT NULL,
  -- Milliseconds since the epoch.
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT;

CREATE TABLE secret_acls (
  scope TEXT NOT NULL COLLATE NOCASE REFERENCES secret_scopes (name) ON DELETE CASCADE,
  principal TEXT NOT NULL,
  -- READ, WRITE or MANAGE.
  permission TEXT NOT NULL,
  PRIMARY KEY (scope, principal)
) STRICT;
