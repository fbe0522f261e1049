-- Jobs and their runs. What is looked up by is a column; the rest is one JSON document (jobs/model.rs), whose fields may be
-- added and never renamed.
CREATE TABLE jobs (
  -- Newest first is by this.
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Below 2^53, so that JavaScript clients keep all digits; so are all ids here.
  id INTEGER NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  -- The settings' name, which is compared without regard to case.
  name TEXT NOT NULL COLLATE NOCASE,
  created_at INTEGER NOT NULL,
  -- Runs begun so far.
  runs INTEGER NOT NULL DEFAULT 0,
  settings TEXT NOT NULL
) STRICT;

CREATE INDEX jobs_by_name ON jobs (owner, name);

CREATE TABLE runs (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id INTEGER NOT NULL UNIQUE,
  job_id INTEGER NOT NULL,
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  -- None while it goes on.
  ended_at INTEGER,
  -- What the caller gave so that a repeated request starts no second run.
  token TEXT,
  run TEXT NOT NULL
) STRICT;

CREATE INDEX runs_by_job ON runs (job_id, position);
CREATE INDEX runs_under_way ON runs (job_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX runs_by_token ON runs (owner, token) WHERE token IS NOT NULL;

CREATE TABLE task_runs (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id INTEGER NOT NULL UNIQUE,
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  -- The for-each task that this is an iteration of.
  parent INTEGER,
  task_run TEXT NOT NULL,
  -- What it left, once it has ended.
  output TEXT
) STRICT;

CREATE INDEX task_runs_by_run ON task_runs (run_id, position);
