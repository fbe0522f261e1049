-- Resources: what the calls of a project made at the workspace and have not deleted since. `resource_id` is the
-- workspace's own id, one of each kind in a project. `whole` is false when the call that made it did not end well.
create table resources (
    id uuid not null primary key,
    project_id uuid not null references projects (id) on delete cascade,
    kind text not null,
    resource_id text not null,
    name text not null,
    link text,
    whole boolean not null,
    tool text not null,
    conversation_id uuid,
    turn_id uuid,
    call_id bytea,
    created_at timestamptz not null
);

create unique index resources_by_resource on resources (project_id, kind, resource_id);

create index resources_by_project on resources (project_id, created_at desc, id desc);
