-- What a project's owner says of calls: rules, in the order in which they were written.
create table permission_rules (
    project_id blob not null references projects (id) on delete cascade,
    kind text not null check (kind in ('deny', 'ask', 'allow')),
    place integer not null,
    rule text not null,
    primary key (project_id, kind, place)
) strict;

-- Projects whose owner turned the second look off: what sends or destroys is then not asked about again once content
-- from outside has entered a conversation.
create table without_second_look (
    project_id blob primary key references projects (id) on delete cascade
) strict;
