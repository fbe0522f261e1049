-- Workspace objects and DBFS: two trees of the same kind, told apart by `tree`. Contents are files of opaque names under
-- the data folder (files/blobs.rs); a row names its own, so that a row's commit is the moment of every change.
CREATE TABLE file_objects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tree TEXT NOT NULL,
  -- In its normal form: absolute, without the alias /Workspace, without a slash at the end.
  path TEXT NOT NULL,
  parent TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- Of notebooks.
  language TEXT,
  -- How a notebook's content is written: SOURCE or JUPYTER.
  format TEXT,
  content TEXT,
  size INTEGER NOT NULL DEFAULT 0,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  UNIQUE (tree, path)
) STRICT;

CREATE INDEX file_objects_in_folder ON file_objects (tree, parent, path);
