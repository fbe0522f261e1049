use super::*;
use Effect::{Destroys, Reads, Shares, Writes};

#[track_caller]
fn check(expect: Effect, scripts: &[&str]) {
    for script in scripts {
        let judged = of_script(script, Namespace::default());
        let gravest = judged.iter().map(|(_, judged)| judged.effect).max().unwrap_or(Reads);
        assert_eq!(gravest, expect, "{script}: {judged:?}");
    }
}

#[test]
fn queries_and_their_like_read() {
    check(
        Reads,
        &[
            "select 1",
            "/* drop table t */ SELECT 'drop table t'",
            "((select 1) union (select 2))",
            "with a as (select 1) select * from a",
            "with a as (select t.delete, insert('abc', 1, 1, 'x') from t) select replace(a, 'x', 'y') from a",
            "with a as (select delete from t) select * from a",
            "from t |> where x > 1 |> select y",
            "select /*+ broadcast(t) */ * from t",
            "values (1), (2)",
            "table samples.nyctaxi.trips",
            "show tables in main.default",
            "show grants on table t",
            "describe history t",
            "describe query select 1",
            "explain delete from t",
            "explain analyze select 1",
            "use catalog main",
            "set time zone 'UTC'",
            "refresh table t",
            "list '/Volumes/a/b/c'",
            "-- nothing",
            "",
        ],
    );
}

#[test]
fn additions_write() {
    check(
        Writes,
        &[
            "create table t (a int)",
            "create table if not exists t as select 1",
            "create table t (location string, mask string) using delta partitioned by (location)",
            "create table t as select location, mask from s",
            "create table temp.orders as select 1",
            "create or replace temporary view v as select 1",
            "create or replace global temp view v as select 1",
            "create view v as select * from s",
            "create function f(a int) returns int return a + 1",
            "insert into t values (1)",
            "insert into table t select replace(a, 'x', 'y') from s",
            "insert with schema evolution into t select * from s",
            "with a as (select 1) insert into t select * from a",
            "comment on table t is 'x'",
            "alter table t add column b int",
            "alter table t add columns (type string, drop int)",
            "alter table t alter column b comment 'x'",
            "alter table t set tblproperties ('a' = 'drop')",
            "optimize t",
            "copy into t from '/Volumes/x' fileformat = csv",
            "undrop table t",
            "select 1; create table t (a int); select 2",
        ],
    );
}

#[test]
fn what_opens_things_to_others_shares() {
    check(
        Shares,
        &[
            "grant select on table t to `a b`",
            "grant all privileges on catalog main to `account users`",
            "revoke select on table t from u",
            "deny select on table t to u",
            "grant select on share s to recipient r",
            "set tag on catalog c `k` = 'v'",
            "unset tags on table t ('a')",
            "alter table t set tags ('a' = 'b')",
            "alter table t unset tags ('a')",
            "alter table t owner to x",
            "alter schema s set owner to x",
            "alter table t set location 's3://b/x'",
            "alter table t add partition (a = 1) location 's3://b/x'",
            "alter table t set row filter f on (a)",
            "alter table t alter column a set mask f",
            "alter table t add column a string mask f",
            "create table t (a string mask f)",
            "create table t (a string) with row filter f on (a)",
            "create share s",
            "alter share s add table t",
            "create recipient r",
            "create connection c type mysql options (host 'x')",
            "create foreign catalog c using connection d",
            "create storage credential c",
            "create external location l url 's3://b' with (storage credential c)",
            "create table t (a int) location 's3://b/x'",
            "create table t location :p as select 1",
            "create external table t (a int)",
            "create external volume v location 's3://b/x'",
            "create schema s managed location 's3://b/x'",
            "create table t using jdbc options (url 'x')",
            "create table t using csv options (path 's3://b/x')",
            "create temporary view v using org.apache.spark.sql.jdbc options (url 'x')",
            "create table t clone delta.`s3://b/x`",
            "create streaming table t as select * from stream read_files('s3://b/x')",
            "copy into t from 's3://b/x' fileformat = csv",
            "copy into t from (select a from 's3://b/x') fileformat = csv",
            "copy into t from '/Volumes/a/b/c' with (credential c) fileformat = csv",
            "insert into delta.`s3://b/x` select * from t",
            "select ai_query('m', a) from t",
            "select * from remote_query('c', query => 'q')",
            "select http_request(conn => 'c', method => 'POST', path => '/')",
            "insert into t select reflect('java.lang.System', 'exit', 0)",
            "create table t as select system.builtin.http_request (conn => 'c')",
            "declare x string default (select http_request(conn => 'c'))",
            "set var x = (select http_request(conn => 'c'))",
            "cache table t as select java_method('a', 'b')",
            "create view v with metrics language yaml as $$ expr: http_request(conn => 'c') $$",
            "describe query select http_request(conn => 'c')",
            "list 's3://b/x'",
        ],
    );
}

#[test]
fn removals_and_the_unknown_destroy() {
    check(
        Destroys,
        &[
            "drop table t",
            "DELETE FROM t WHERE a = 1",
            "truncate table t",
            "update t set a = 1",
            "merge into t using s on t.a = s.a when matched then delete",
            "insert overwrite t select 1",
            "insert overwrite table t select 1",
            "insert overwrite directory 's3://b/x' select 1",
            "insert overwrite local directory '/tmp/x' select 1",
            "insert into t replace where a = 1 select 1",
            "create or replace table t as select 1",
            "create or replace table temp.orders as select 1",
            "create or replace table temp",
            "create or replace view temp as select 1",
            "create or replace table temporary as select 1",
            "create or replace function f() returns int return 1",
            "create function f() returns int language python as $$ return 1 $$",
            "create temporary function f as 'a.B' using jar '/x.jar'",
            "create or replace temporary share s",
            "replace table t as select 1",
            "alter table t drop column a",
            "alter table t rename to u",
            "alter table t alter column a type bigint",
            "alter view v as select 1",
            "alter table t frobnicate",
            "alter table identifier(:t) add column a int",
            "vacuum t",
            "restore table t to version as of 1",
            "refresh materialized view v full",
            "call p()",
            "execute immediate 'drop table t'",
            "begin drop table t; end",
            "l: begin select 1; end",
            "frobnicate",
            "'select'",
            "`select` 1",
            "explain analyze delete from t",
            "(drop table t)",
            "select 1; drop table t",
            "load data inpath 'x' overwrite into table t",
            "remove '/Volumes/x'",
            "put 'a' into 'b' overwrite",
            "select transform(a) using 'sh -c x' from t",
            "from t |> frobnicate",
            "select identifier('http_request')(1)",
        ],
    );
}

#[test]
fn a_query_cannot_hide_a_change() {
    check(
        Destroys,
        &[
            "with a as (select 1) delete from t",
            "with select as (select 1) delete from t",
            "with table as (select 1) update t set a = 1",
            "with a as (select 1) merge into t using a on true when matched then delete",
            "with a as (select 1) insert overwrite t select * from a",
            "from s insert overwrite t select *",
            "from s join u on s.a > 1. insert overwrite table t select *",
            "from s ınsert overwrite table t select *",
            "select 1 -- \\\n; drop table t\n; drop table u",
            "select '\\' ; ' ; drop table t",
            "select/**/1;drop/**/table/**/t",
            "from s /* /*+ */ insert overwrite table t -- */\n select *",
            "create /* /*+ */ or replace -- */\n table t as select 1",
            "select 1 /* /*+ */ , http_request(conn => 'c') -- */\n + 1",
            "select x://-- , http_request(conn => 'c')\n",
            "select ${env:X}",
        ],
    );
}

#[track_caller]
fn says(statement: &str, verb: &str, objects: &[&str]) {
    let namespace = Namespace { catalog: Some("main".to_owned()), schema: None };
    let judged = judge(statement, &namespace);
    assert_eq!(
        (judged.verb.as_str(), judged.objects.as_slice()),
        (verb, objects.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice()),
        "{statement}"
    );
}

#[test]
fn each_statement_says_its_verb_and_objects() {
    says("drop table if exists Sales.`Orders`", "DROP TABLE", &["main.sales.orders"]);
    says("drop schema sales cascade", "DROP SCHEMA CASCADE", &["main.sales"]);
    says("drop database sales", "DROP SCHEMA", &["main.sales"]);
    says("delete from a.b.c where x", "DELETE FROM", &["a.b.c"]);
    says("update a.b.c set x = 1", "UPDATE", &["a.b.c"]);
    says("merge with schema evolution into a.b.c using s", "MERGE WITH SCHEMA EVOLUTION INTO", &["a.b.c"]);
    says("insert into a.b.c values (1)", "INSERT INTO", &["a.b.c"]);
    says("with x as (select 1) insert overwrite a.b.c select 1", "INSERT OVERWRITE", &["a.b.c"]);
    says("from s insert into a.b.c select 1 insert into a.b.d select 2", "INSERT INTO", &["a.b.c", "a.b.d"]);
    says("create or replace table a.b.c as select 1", "CREATE OR REPLACE TABLE", &["a.b.c"]);
    says("create table a.b.c location 's3://b/x'", "CREATE TABLE LOCATION", &["a.b.c", "s3://b/x"]);
    says("create table a.b.c using jdbc", "CREATE TABLE USING JDBC", &["a.b.c"]);
    says("alter table a.b.c owner to x", "ALTER TABLE OWNER TO", &["a.b.c"]);
    says("alter table a.b.c drop column x", "ALTER TABLE DROP COLUMN", &["a.b.c"]);
    says("grant select, modify on table a.b.c to `x@y.z`", "GRANT", &["a.b.c", "`x@y.z`", "SELECT, MODIFY"]);
    says(
        "grant all privileges on catalog main to `account users`",
        "GRANT",
        &["main", "`account users`", "ALL PRIVILEGES"],
    );
    says("revoke usage on schema share from bob", "REVOKE", &["main.share", "bob", "USAGE"]);
    says("grant select on share to bob", "GRANT", &["share", "bob", "SELECT"]);
    says("copy into a.b.c from 's3://b/x' fileformat = csv", "COPY INTO FROM OUTSIDE", &["a.b.c", "s3://b/x"]);
    says("vacuum '/mnt/x'", "VACUUM", &["/mnt/x"]);
    says("select 1", "SELECT", &[]);
    says("frob the table", "FROB", &[]);
    // What cannot be told is left out, so that no standing permission can cover it.
    says("drop table identifier(:t)", "DROP TABLE", &[]);
    says("drop table a.b.c, a.b.d", "DROP TABLE", &[]);
    says("insert into a.b.c select http_request(conn => 'x')", "INSERT INTO", &[]);
    says("drop /* /* */ */ table a.b.c", "DROP TABLE", &[]);
}

#[test]
fn what_follows_use_belongs_to_it() {
    let judged = of_script("use main; use sales; drop table t; use catalog dev; drop schema s", Namespace::default());
    let objects: Vec<_> = judged.iter().flat_map(|(_, judged)| judged.objects.clone()).collect();
    assert_eq!(objects, ["sales.t", "dev.s"]);
}
