-- Which ended turns still hold deltas to prune, so that pruning never scans the log.
alter table turns add column has_deltas boolean not null default true;

create index turns_with_deltas on turns (updated_at)
where has_deltas and status in ('completed', 'failed', 'cancelled');
