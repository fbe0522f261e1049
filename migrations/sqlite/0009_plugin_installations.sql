-- Plugins that were installed, the lock table of their versions, what was given to them, and the packages themselves.
-- Every change happens in one transaction that also counts `plugin_generation` up, first: it is the one place where
-- changes of all hosts queue, and how a host notices that it must look again.
create table plugin_generation (
    id integer not null primary key check (id = 1),
    generation integer not null
) strict;

insert into plugin_generation (id, generation) values (1, 0);

-- `owner` is `everyone` or `user:<identity>`. `revision` grows with each change of the versions.
create table plugin_installations (
    id blob not null primary key,
    owner text not null,
    name text not null,
    enabled integer not null,
    last_problem text,
    revision integer not null,
    created_at text not null,
    updated_at text not null
) strict;

create unique index plugin_installations_by_owner on plugin_installations (owner, name);

-- Packages by the SHA-256 of their bytes, whole once `complete`. `staged_at` is when somebody brought it who has not
-- installed it yet: such a package is swept after a while, one that nothing refers to and nobody staged goes at once.
create table plugin_packages (
    digest text not null primary key,
    size_bytes integer not null,
    complete integer not null,
    staged_at text
) strict;

-- In pieces, so that no statement carries a whole package and other writes get their turn in between.
create table plugin_package_pieces (
    digest text not null references plugin_packages (digest) on delete cascade,
    number integer not null,
    bytes blob not null,
    primary key (digest, number)
) strict;

-- The lock table: which version is in each slot, where it came from and what it asks for (a JSON list).
create table plugin_versions (
    installation_id blob not null references plugin_installations (id) on delete cascade,
    slot text not null check (slot in ('active', 'previous', 'pending')),
    digest text not null references plugin_packages (digest),
    version text not null,
    manifest text not null,
    requests text not null,
    source text not null,
    pinned text not null,
    signature text not null,
    publisher text,
    installed_at text not null,
    installed_by text not null,
    primary key (installation_id, slot)
) strict;

create index plugin_versions_by_digest on plugin_versions (digest);

-- What was given (a JSON list), for all projects when `project_id` is null.
create table plugin_grants (
    id blob not null primary key,
    installation_id blob not null references plugin_installations (id) on delete cascade,
    project_id blob references projects (id) on delete cascade,
    powers text not null,
    given_by text not null,
    given_at text not null
) strict;

create unique index plugin_grants_everywhere on plugin_grants (installation_id) where project_id is null;

create unique index plugin_grants_by_installation on plugin_grants (installation_id, project_id)
where project_id is not null;

create index plugin_grants_by_project on plugin_grants (project_id);

-- Plugins switched on or off in one project. Plugins that come with the host have no installation; they go by name.
create table plugin_switches (
    installation_id blob not null references plugin_installations (id) on delete cascade,
    project_id blob not null references projects (id) on delete cascade,
    enabled integer not null,
    primary key (installation_id, project_id)
) strict;

create index plugin_switches_by_project on plugin_switches (project_id);

create table shipped_plugin_switches (
    project_id blob not null references projects (id) on delete cascade,
    name text not null,
    enabled integer not null,
    primary key (project_id, name)
) strict;
