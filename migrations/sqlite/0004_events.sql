-- Events: the lines of a conversation's log. `kind` is the tag of the JSON in `body`.
-- Turns are not referenced: the conversation's deletion takes both, and each append already checks its turn.
create table events (
    conversation_id blob not null references conversations (id) on delete cascade,
    seq integer not null,
    turn_id blob not null,
    kind text not null,
    body text not null,
    at text not null,
    primary key (conversation_id, seq)
) strict;
