-- Volumes of Unity Catalog. Each has a folder of its own under the data folder, named by its id.
CREATE TABLE volumes (
  catalog TEXT NOT NULL,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  info TEXT NOT NULL,
  PRIMARY KEY (catalog, schema, name),
  FOREIGN KEY (catalog, schema) REFERENCES schemas (catalog, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
