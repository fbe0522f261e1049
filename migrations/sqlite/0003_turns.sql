-- Turns: all that follows one user message. A turn's events are those of its conversation from `first_seq` to
-- `last_seq`; `last_seq` of the one running turn is the end of the conversation's log.
-- The lease: only the holder of the current `lease_token` may append; the token grows with each change of hands.
create table turns (
    id blob not null primary key,
    conversation_id blob not null references conversations (id) on delete cascade,
    project_id blob not null,
    user_id text not null,
    status text not null check (status in ('running', 'waiting', 'completed', 'failed', 'cancelled')),
    client_message_id blob,
    first_seq integer not null,
    last_seq integer not null,
    stop_requested integer not null,
    lease_worker blob,
    lease_token integer not null,
    lease_expires_at text not null,
    created_at text not null,
    updated_at text not null
) strict;

create unique index turns_by_conversation on turns (conversation_id, first_seq);

-- One turn of a conversation at a time.
create unique index turns_one_at_a_time on turns (conversation_id) where status in ('running', 'waiting');

-- The same submission is the same turn.
create unique index turns_by_client_message on turns (conversation_id, client_message_id)
where client_message_id is not null;

-- What a worker holds, and what is left behind by a dead one.
create index turns_by_lease on turns (lease_expires_at) where status = 'running';

create index turns_in_progress on turns (user_id) where status in ('running', 'waiting');
