-- What principals were given on objects that belong to others.
CREATE TABLE object_acls (
  -- Kind and id: jobs/12, objects/7.
  object TEXT NOT NULL,
  -- USER, GROUP or SERVICE_PRINCIPAL.
  kind TEXT NOT NULL,
  principal TEXT NOT NULL,
  level TEXT NOT NULL,
  PRIMARY KEY (object, principal)
) STRICT;

CREATE INDEX object_acls_by_principal ON object_acls (principal, object);
