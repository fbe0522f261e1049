-- The typed result of a call stands beside its event, so that who needs the event alone does not load it. Rows from
-- before have it in `body`. `call_id` is there where `structured` is, to find it by its call.
alter table events add column structured text;
alter table events add column call_id bytea;

create index events_structured on events (turn_id, call_id, seq) where structured is not null;

-- What a turn added to its conversation, in bytes: what each later turn reads again, and the typed results beside it.
-- Deltas and progress do not count, because they go. Turns from before were not measured.
alter table turns add column log_bytes bigint not null default 0;
alter table turns add column structured_bytes bigint not null default 0;
