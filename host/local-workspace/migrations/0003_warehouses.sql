-- SQL warehouses, in the order in which they were made.
CREATE TABLE warehouses (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  creator TEXT NOT NULL,
  running INTEGER NOT NULL,
  -- The settings as the API takes and gives them (sql/warehouses.rs).
  settings TEXT NOT NULL
) STRICT;
