-- Conversations: threads in a project. `settings` is the JSON of what the user chose last.
create table conversations (
    id uuid not null primary key,
    project_id uuid not null references projects (id) on delete cascade,
    user_id text not null,
    title text not null,
    settings text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create index conversations_by_project on conversations (project_id, updated_at desc, id desc);
