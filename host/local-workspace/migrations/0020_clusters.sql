-- Clusters, in the order in which they were made. What each is and where it stands is one JSON document
-- (compute/model.rs), whose fields may be added and never renamed.
CREATE TABLE clusters (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  cluster TEXT NOT NULL
) STRICT;
