-- What a project chose of its skills, and which of its own are copies of the host's. A project without a row chose nothing:
-- every skill is enabled, and none is a copy.
create table project_skills (
    project_id blob not null primary key references projects (id) on delete cascade,
    -- A list of names in JSON; null: all, also those that come later.
    enabled text,
    -- An object in JSON: the digest of each copy as it was made, by the skill's name.
    copies text not null
) strict;
