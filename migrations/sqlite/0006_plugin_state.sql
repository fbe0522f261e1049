-- Plugin state: a small key-value store per project and plugin. Keys and values are UTF-8 as bytes: they may hold
-- any character, and keys are listed in the order of their bytes.
create table plugin_state (
    project_id blob not null references projects (id) on delete cascade,
    plugin text not null,
    key blob not null,
    value blob not null,
    updated_at text not null,
    primary key (project_id, plugin, key)
) strict;
