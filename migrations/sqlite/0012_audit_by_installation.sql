-- Records and usage go by installation: a private plugin and everyone's of the same name were one before.
-- Null in records from before, and in those of a plugin that nobody installed. It is hashed when it is there.
alter table audit_log add column installation_id blob;

-- In the place of `plugin_usage`, which hosts of the release before still write and pruning empties.
create table installation_usage (
    installation_id blob not null,
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
    primary key (installation_id, user_id, day, chain)
) strict;

create index installation_usage_by_day on installation_usage (day);

-- What was counted by name belongs to the installation that served the user: the own one since it is there, else
-- everyone's. Names of neither are the families that ship with the host, which take theirs over when it starts, and
-- what was removed.
insert into installation_usage (
    installation_id, user_id, day, chain, calls, errors, cpu_us, requests, bytes_sent, bytes_received, last_at
)
select
    case
        when everyones.id is null then own.id
        when plugin_usage.day >= unixepoch(substr(own.created_at, 1, 19)) / 86400 then own.id
        else everyones.id
    end,
    plugin_usage.user_id, plugin_usage.day, plugin_usage.chain, plugin_usage.calls, plugin_usage.errors,
    plugin_usage.cpu_us, plugin_usage.requests, plugin_usage.bytes_sent, plugin_usage.bytes_received,
    plugin_usage.last_at
from plugin_usage
    left join plugin_installations own
        on own.owner = 'user:' || plugin_usage.user_id and own.name = plugin_usage.plugin
    left join plugin_installations everyones
        on everyones.owner = 'everyone' and everyones.name = plugin_usage.plugin
where own.id is not null
    or everyones.id is not null;

delete from plugin_usage
where exists (
    select 1
    from plugin_installations
    where plugin_installations.name = plugin_usage.plugin
        and plugin_installations.owner in ('everyone', 'user:' || plugin_usage.user_id)
);
