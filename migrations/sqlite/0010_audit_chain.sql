-- Audit: one record per call, request and change, each with the hash of the one before, so that a change shows.
-- It takes the place of `audit`, which is dropped: its rows hold no digest and no hash, and a copy would claim that
-- nobody could have touched them. No release kept any.
drop table audit;

-- A chain is what one process recorded. `number` counts chains, and `genesis` is made from that of the one before, so
-- that a missing chain shows. Records from `first_seq` to `last_seq` are there; `anchor_hash` is the hash of the one
-- before the first, and `last_hash` that of the last.
create table audit_chains (
    chain blob not null primary key,
    number integer not null,
    opened_at text not null,
    genesis blob not null,
    first_seq integer not null,
    anchor_hash blob not null,
    last_seq integer not null,
    last_hash blob not null
) strict;

create unique index audit_chains_by_number on audit_chains (number);

-- `body` is JSON, kept as it was hashed. Records outlive their project.
create table audit_log (
    chain blob not null,
    seq integer not null,
    at text not null,
    user_id text not null,
    project_id blob,
    turn_id blob,
    kind text not null,
    plugin text not null,
    digest text,
    tool text not null,
    outcome text not null,
    body text not null,
    prev_hash blob not null,
    hash blob not null,
    primary key (chain, seq)
) strict;

-- Two orders and no more: each further index costs as much as the record. What a user sees is found among the user's
-- own, by time; a plugin's or a project's are picked out on the way.
create index audit_log_by_user on audit_log (user_id, at, plugin);

create index audit_log_by_time on audit_log (at, plugin);

create index audit_log_errors on audit_log (plugin, at) where kind = 'call' and outcome <> 'ok';

create index audit_log_errors_by_user on audit_log (plugin, user_id, at) where kind = 'call' and outcome <> 'ok';

-- What the records of a day add up to, so that nobody counts them again. One row per chain: no two hosts write the
-- same one. `day` counts from 1970-01-01.
create table plugin_usage (
    plugin text not null,
    user_id text not null,
    day integer not null,
    chain blob not null,
    calls integer not null,
    errors integer not null,
    cpu_us integer not null,
    requests integer not null,
    bytes_sent integer not null,
    bytes_received integer not null,
    last_at text not null,
    primary key (plugin, user_id, day, chain)
) strict;

create index plugin_usage_by_day on plugin_usage (day);
