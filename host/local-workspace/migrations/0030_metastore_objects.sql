-- What belongs to the metastore and is in no catalog: storage credentials, external locations, connections, shares,
-- recipients, providers. `info` is one JSON document (catalog/objects.rs); what is in `secret` never leaves the workspace.
CREATE TABLE metastore_objects (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  secret TEXT,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Quality monitors go with their tables.
CREATE TABLE monitors (
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  PRIMARY KEY (catalog, schema, name),
  FOREIGN KEY (catalog, schema, name) REFERENCES tables (catalog, schema, name) ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;

-- Tags of objects, and with `column_name` of columns.
CREATE TABLE tags (
  kind TEXT NOT NULL,
  full_name TEXT NOT NULL,
  column_name TEXT NOT NULL DEFAULT '',
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (kind, full_name, column_name, key)
) STRICT, WITHOUT ROWID;

-- What every user may do in the workspace's own catalogs, as in a new workspace.
INSERT INTO grants (full_name, kind, principal, privilege) VALUES
  ('main', 'CATALOG', 'account users', 'USE CATALOG'),
  ('main.default', 'SCHEMA', 'account users', 'USE SCHEMA'),
  ('main.default', 'SCHEMA', 'account users', 'CREATE TABLE'),
  ('main.default', 'SCHEMA', 'account users', 'CREATE VIEW'),
  ('main.default', 'SCHEMA', 'account users', 'CREATE VOLUME'),
  ('main.default', 'SCHEMA', 'account users', 'CREATE FUNCTION'),
  ('main.default', 'SCHEMA', 'account users', 'CREATE MATERIALIZED VIEW'),
  ('samples', 'CATALOG', 'account users', 'USE CATALOG'),
  ('samples', 'CATALOG', 'account users', 'USE SCHEMA'),
  ('samples', 'CATALOG', 'account users', 'SELECT'),
  ('samples', 'CATALOG', 'account users', 'EXECUTE'),
  ('samples', 'CATALOG', 'account users', 'READ VOLUME')
ON CONFLICT DO NOTHING;
