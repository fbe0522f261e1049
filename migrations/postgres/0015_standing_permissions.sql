-- Standing permissions: what users allowed for the rest of a conversation, until they take it back. The log keeps that
-- it was given; this table says what holds now. `objects` is a JSON list.
create table standing_permissions (
    id uuid not null primary key,
    conversation_id uuid not null references conversations (id) on delete cascade,
    tool text not null,
    verb text not null,
    objects text not null,
    effect text not null check (effect in ('reads', 'writes', 'shares', 'destroys')),
    since timestamptz not null
);

create index standing_permissions_by_conversation on standing_permissions (conversation_id, id);
