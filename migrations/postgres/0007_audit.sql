-- Audit: what left the host on a user's behalf. Outlives the project it was done for.
create table audit (
    id uuid not null primary key,
    at timestamptz not null,
    user_id text not null,
    project_id uuid not null,
    turn_id uuid,
    plugin text not null,
    tool text not null,
    method text not null,
    host text not null,
    path text not null,
    decision text not null,
    status bigint,
    bytes_sent bigint not null,
    bytes_received bigint not null,
    duration_ms bigint not null
);

create index audit_by_project on audit (user_id, project_id, id desc);
