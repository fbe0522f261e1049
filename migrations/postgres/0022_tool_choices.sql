-- What a project chose of its tools: those and their families that are always told to a model, and those that are hidden.
create table tool_choices (
    project_id uuid not null references projects (id) on delete cascade,
    name text not null,
    choice text not null check (choice in ('pinned', 'hidden')),
    primary key (project_id, name)
);
