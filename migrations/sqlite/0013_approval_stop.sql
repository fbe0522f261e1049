-- A fourth answer to an approval: `stop`. SQLite changes a check only with its table.
create table approvals_next (
    turn_id blob not null references turns (id) on delete cascade,
    call_id blob not null,
    requested_seq integer not null,
    decision text check (decision in ('once', 'conversation', 'no', 'stop')),
    answered_seq integer,
    primary key (turn_id, call_id)
) strict;

insert into approvals_next (turn_id, call_id, requested_seq, decision, answered_seq)
select turn_id, call_id, requested_seq, decision, answered_seq
from approvals;

drop table approvals;

alter table approvals_next rename to approvals;
