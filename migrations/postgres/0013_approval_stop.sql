-- A fourth answer to an approval: `stop`.
alter table approvals drop constraint approvals_decision_check;

alter table approvals add constraint approvals_decision_check check (decision in ('once', 'conversation', 'no', 'stop'));
