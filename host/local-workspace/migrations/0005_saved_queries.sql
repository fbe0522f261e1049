-- SQL queries that people saved (sql/queries.rs).
CREATE TABLE saved_queries (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  query TEXT NOT NULL
) STRICT;
