-- Projects: a folder with files, skills and settings, owned by one user.
create table projects (
    id uuid not null primary key,
    user_id text not null,
    name text not null,
    created_at timestamptz not null
);

create index projects_by_user on projects (user_id, created_at desc, id desc);
