-- Audit: what left the host on a user's behalf. Outlives the project it was done for.
create table audit (
    id blob not null primary key,
    at text not null,
    user_id text not null,
    project_id blob not null,
    turn_id blob,
    plugin text not null,
    tool text not null,
    method text not null,
    host text not null,
    path text not null,
    decision text not null,
    status integer,
    bytes_sent integer not null,
    bytes_received integer not null,
    duration_ms integer not null
) strict;

create index audit_by_project on audit (user_id, project_id, id desc);
