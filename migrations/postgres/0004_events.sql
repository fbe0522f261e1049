-- Events: the lines of a conversation's log. `kind` is the tag of the JSON in `body`.
-- Turns are not referenced: the conversation's deletion takes both, and each append already checks its turn.
create table events (
    conversation_id uuid not null references conversations (id) on delete cascade,
    seq bigint not null,
    turn_id uuid not null,
    kind text not null,
    body text not null,
    at timestamptz not null,
    primary key (conversation_id, seq)
);
