-- Operations: work at a far end that goes on after the call that began it. `continues_with` is the call that waits for
-- its end, a JSON object of `name`, `input` and `clean_up`; `work` is what tells one piece of work from another: a digest
-- of the name and input. `outcome` is what its end said.
create table operations (
    id uuid not null primary key,
    project_id uuid not null references projects (id) on delete cascade,
    work text not null,
    plugin text not null,
    tool text not null,
    conversation_id uuid,
    turn_id uuid,
    call_id bytea,
    continues_with text not null,
    state text not null check (state in ('running', 'succeeded', 'failed', 'cancelled')),
    since timestamptz not null,
    seen_at timestamptz not null,
    outcome text
);

create unique index operations_by_work on operations (project_id, work);

create index operations_by_project on operations (project_id, since desc, id desc);
