-- Pipelines, their updates and event logs. What is looked up by is a column; the rest is one JSON document
-- (pipelines/model.rs), whose fields may be added and never renamed.
CREATE TABLE pipelines (
  -- Newest first is by this.
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  pipeline TEXT NOT NULL
) STRICT;

CREATE INDEX pipelines_by_name ON pipelines (owner, name);

CREATE TABLE pipeline_updates (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
  -- None while it goes on.
  ended_at INTEGER,
  body TEXT NOT NULL
) STRICT;

CREATE INDEX pipeline_updates_by_pipeline ON pipeline_updates (pipeline_id, position);
CREATE INDEX pipeline_updates_under_way ON pipeline_updates (pipeline_id) WHERE ended_at IS NULL;

CREATE TABLE pipeline_events (
  -- The event's number in the log; the oldest comes first.
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
  update_id TEXT,
  level TEXT NOT NULL,
  -- Milliseconds since the epoch.
  at INTEGER NOT NULL,
  event TEXT NOT NULL
) STRICT;

CREATE INDEX pipeline_events_by_pipeline ON pipeline_events (pipeline_id, position);

-- Which pipeline a table belongs to: no other one writes it, and it goes with its pipeline.
CREATE TABLE pipeline_tables (
  full_name TEXT PRIMARY KEY,
  pipeline_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX pipeline_tables_by_pipeline ON pipeline_tables (pipeline_id);
