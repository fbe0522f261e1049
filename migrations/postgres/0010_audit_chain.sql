-- Audit: one record per call, request and change, each with the hash of the one before, so that a change shows.
-- It takes the place of `audit`, which is dropped: its rows hold no digest and no hash, and a copy would claim that
-- nobody could have touched them. No release kept any.
drop table audit;

-- A chain is what one process recorded. `number` counts chains, and `genesis` is made from that of the one before, so
-- that a missing chain shows. Records from `first_seq` to `last_seq` are there; `anchor_hash` is the hash of the one
-- before the first, and `last_hash` that of the last.
create table audit_chains (
    chain uuid not null primary key,
    number bigint not null,
    opened_at timestamptz not null,
    genesis bytea not null,
    first_seq bigint not null,
    anchor_hash bytea not null,
    last_seq bigint not null,
    last_hash bytea not null
);

create unique index audit_chains_by_number on audit_chains (number);

-- `body` is JSON, kept as it was hashed. Records outlive their project.
create table audit_log (
    chain uuid not null,
    seq bigint not null,
    at timestamptz not null,
    user_id text not null,
    project_id uuid,
    turn_id uuid,
    kind text not null,
    plugin text not null,
    digest text,
    tool text not null,
    outcome text not null,
    body text not null,
    prev_hash bytea not null,
    hash bytea not null,
    primary key (chain, seq)
);

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
    day bigint not null,
    chain uuid not null,
    calls bigint not null,
    errors bigint not null,
    cpu_us bigint not null,
    requests bigint not null,
    bytes_sent bigint not null,
    bytes_received bigint not null,
    last_at timestamptz not null,
    primary key (plugin, user_id, day, chain)
);

create index plugin_usage_by_day on plugin_usage (day);
