-- Who brought a package that is not installed, and where it came from: what a person installs is what that person
-- looked at, and where it came from is not asked of them again.
create table plugin_stagings (
    user_id text not null,
    digest text not null references plugin_packages (digest) on delete cascade,
    provenance text not null,
    staged_at text not null,
    primary key (user_id, digest)
) strict;

create index plugin_stagings_by_digest on plugin_stagings (digest);
