-- The workspace itself: one row.
CREATE TABLE workspace (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  metastore_id TEXT NOT NULL,
  -- Below 2^53, so that JavaScript clients keep all digits.
  workspace_id INTEGER NOT NULL
) STRICT;
