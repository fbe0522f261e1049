-- Unity Catalog. What is looked up by is a column; the rest of an object is one JSON document (catalog/model.rs), whose
-- fields may be added and never renamed.
CREATE TABLE catalogs (
  name TEXT PRIMARY KEY,
  info TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE schemas (
  catalog TEXT NOT NULL REFERENCES catalogs (name) ON DELETE CASCADE,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  PRIMARY KEY (catalog, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tables (
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  -- The version that the next operation makes.
  next_version INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (catalog, schema, name),
  FOREIGN KEY (catalog, schema) REFERENCES schemas (catalog, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE table_history (
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (catalog, schema, name, version),
  FOREIGN KEY (catalog, schema, name) REFERENCES tables (catalog, schema, name) ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE functions (
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  PRIMARY KEY (catalog, schema, name),
  FOREIGN KEY (catalog, schema) REFERENCES schemas (catalog, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
  full_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  principal TEXT NOT NULL,
  privilege TEXT NOT NULL,
  PRIMARY KEY (full_name, kind, principal, privilege)
) STRICT, WITHOUT ROWID;

-- Changes that the tables' engine makes at this moment (catalog/change.rs); what a killed process left here is decided at
-- the next start.
CREATE TABLE pending_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  catalog TEXT NOT NULL,
  change TEXT NOT NULL
) STRICT;

-- Catalogs that are gone and whose files are not yet.
CREATE TABLE dropped_catalogs (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
