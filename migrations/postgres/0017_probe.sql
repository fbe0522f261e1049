-- What is written to learn whether the database takes writes: one row, rewritten.
create table probe (
    id bigint not null primary key check (id = 1),
    at timestamptz not null
);

insert into probe (id, at) values (1, '2000-01-01T00:00:00.000000Z');
