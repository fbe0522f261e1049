-- Approvals: one row for each call that waits for the user; `decision` is null while it is open.
-- `call_id` is the model's own id, as bytes because it may hold any character.
create table approvals (
    turn_id blob not null references turns (id) on delete cascade,
    call_id blob not null,
    requested_seq integer not null,
    decision text check (decision in ('once', 'conversation', 'no')),
    answered_seq integer,
    primary key (turn_id, call_id)
) strict;
