-- Lanes: a conversation is a tree of them. Each event belongs to one, and so does each turn; all from before are of the
-- main lane, whose id is zero and which has no row. A lane belongs to a call of a turn (a subagent), or to a message (a
-- fork): `through_seq` is the last event of its parent that its reader sees.
create table lanes (
    id uuid not null primary key,
    conversation_id uuid not null references conversations (id) on delete cascade,
    parent_lane_id uuid not null,
    turn_id uuid,
    call_id bytea,
    through_seq bigint,
    created_at timestamptz not null,
    check ((turn_id is null) = (call_id is null)),
    check ((turn_id is null) <> (through_seq is null))
);

create index lanes_by_conversation on lanes (conversation_id, created_at, id);

alter table events add column lane_id uuid not null default '00000000-0000-0000-0000-000000000000';

alter table turns add column lane_id uuid not null default '00000000-0000-0000-0000-000000000000';

-- Where the model's reading of a lane begins: at its newest compaction, found without reading the log.
create index events_compactions on events (conversation_id, lane_id, seq) where kind = 'context_compacted';
