-- Which tables and views were made of which, each pair once. What is dropped is forgotten, what is renamed goes along.
CREATE TABLE table_lineage (
  -- What was written.
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  -- What was read for it.
  source_catalog TEXT NOT NULL,
  source_schema TEXT NOT NULL,
  source_name TEXT NOT NULL,
  -- When a statement did so last, in milliseconds since the epoch.
  at INTEGER NOT NULL,
  PRIMARY KEY (catalog, schema, name, source_catalog, source_schema, source_name),
  FOREIGN KEY (catalog, schema, name) REFERENCES tables (catalog, schema, name) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (source_catalog, source_schema, source_name) REFERENCES tables (catalog, schema, name)
    ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX table_lineage_by_source ON table_lineage (source_catalog, source_schema, source_name, at);

-- Which tables were made of files of which volumes.
CREATE TABLE file_lineage (
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  volume_catalog TEXT NOT NULL,
  volume_schema TEXT NOT NULL,
  volume_name TEXT NOT NULL,
  -- From the volume's folder, as the statement wrote it; empty for the folder itself.
  path TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (catalog, schema, name, volume_catalog, volume_schema, volume_name, path),
  FOREIGN KEY (catalog, schema, name) REFERENCES tables (catalog, schema, name) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (volume_catalog, volume_schema, volume_name) REFERENCES volumes (catalog, schema, name)
    ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX file_lineage_by_volume ON file_lineage (volume_catalog, volume_schema, volume_name);
