-- Sessions of MCP clients, so that any host goes on with one. `client` is what the client said of itself when it began,
-- a JSON object.
create table mcp_sessions (
    id uuid not null primary key,
    user_id text not null,
    project_id uuid not null references projects (id) on delete cascade,
    client text not null,
    used_at timestamptz not null
);

create index mcp_sessions_by_user on mcp_sessions (user_id, used_at);

create index mcp_sessions_by_use on mcp_sessions (used_at);

-- The projects that were made for MCP clients: one for each folder that a user's clients run in, and one, for the empty
-- name, for clients that name none.
create table mcp_projects (
    user_id text not null,
    folder text not null,
    project_id uuid not null references projects (id) on delete cascade,
    primary key (user_id, folder)
);

create index mcp_projects_by_project on mcp_projects (project_id);

-- Keys that all hosts share, by what they are for. None of them opens anything at a workspace.
create table host_keys (
    purpose text not null primary key,
    bytes bytea not null
);
