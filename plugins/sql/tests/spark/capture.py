"""Asks Apache Spark's own parser and lexer, and writes down what they say.

    pip install pyspark==4.0.1        # needs Java 17
    python capture.py                 # writes statements.tsv and tokens.tsv beside this file

The tests of the plugin replay both files without Spark: what Spark takes for a change must never be judged harmless.

statements.tsv: `plain` or `trick`; the plan's nodes that are commands, `!` behind one that overwrites or replaces, or
`query`; what it calls that reaches out; the statement as JSON. Statements that Spark refuses are left out.
tokens.tsv: random text as JSON, the texts of Spark's tokens as JSON.
"""

import json
import pathlib
import random
import re

from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).parent
NAMES = "http_request|reflect|java_method|ai_query|remote_query|read_files|secret"
REACHING = re.compile(rf"'(?:[a-z_.]+\.)?({NAMES})\(|UnresolvedTableValuedFunction \[({NAMES})\]", re.I)

# Honest queries: each must stay a query for us.
PLAIN = r"""
select 1
select * from t
select a, b as c from main.sales.orders where a > 1 and b like '%drop table%' order by a limit 10
select count(*), sum(x) from t group by all having count(*) > 1
select * from a join b on a.id = b.id left join c using (id)
select * from a, lateral explode(a.xs) as x
select case when a = 1 then 'insert' when a = 2 then "delete" else 'update' end from t
with a as (select 1 as x), b as (select 2 as y) select * from a cross join b
with recent as (select * from orders where day > current_date() - interval 7 days) select * from recent
with update as (select 1) select * from update
with d as (select deleted, updated, inserted from t) select * from d
with a as (select delete, merge from t) select a.delete from a
select replace(a, 'x', 'y'), overlay(a placing 'x' from 2) from t
select trim(both 'x' from a), substring(a from 2 for 3), extract(year from d) from t
select a is distinct from b from t
select `drop`, `table` from `delete`
select t.update, t.merge, t.insert from t
select 'it''s', "a 'b'", r'c:\dir', 'a\\', 'b\'c'
select /*+ broadcast(t), repartition(3) */ * from t
select /* what we sell */ a -- per day
 from t
select a.b:c.d[0]::int from t
select 1e5, 1., .5, 1.5e-3bd, 2L, 0x1F, X'1F'
select -1, - -1, a-b, a - -b, 6/2, 6 / 2*3 from t
select * from t tablesample (10 percent)
select * from t version as of 3
select * from t timestamp as of '2024-01-01'
select * from values (1, 'a'), (2, 'b') as v(x, y)
values (1), (2)
table t
table main.sales.orders
from t
from t select a, b
from t select a where a > 1
(select 1)
((select 1) union all (select 2)) order by 1
(select a from t) except (select a from u)
select * from (from t select a)
select * from range(10)
select * from t pivot (sum(x) for y in ('a', 'b'))
select * from t unpivot (v for k in (a, b))
select sum(x) over (partition by y order by z rows between 1 preceding and current row) from t
select a from t where exists (select 1 from u where u.a = t.a)
select transform(xs, x -> x + 1), filter(xs, x -> x > 1), aggregate(xs, 0, (s, x) -> s + x) from t
select map('a', 1)['a'], array(1, 2)[0], struct(1 as x).x, named_struct('reflect', 1).reflect
select reflect, secret, http_request from t
select 'http_request(' || a || ')' from t
select * from identifier('main.sales.orders')
select identifier('a') from t
select :p, ? from t where a = :q
select date '2024-01-01', timestamp '2024-01-01 00:00:00', interval '1' day
select * from t qualify_me
select if(a, b, c), coalesce(a, b), nullif(a, b), grouping(a) from t group by cube(a)
select current_user(), session_user(), current_catalog(), current_database()
from t |> where a > 1 |> select a |> order by a |> limit 3
from t |> extend a + 1 as b |> set a = 2 |> drop b |> aggregate count(*) group by a
from t |> join u using (a) |> union all table v |> as w
table t |> where a is not null |> tablesample (5 rows)
select 1 |> select 2
show tables
show tables in main.sales like 'o*'
show databases
show columns in t
show create table t
show partitions t
show functions
show views
show catalogs
show tblproperties t
describe t
desc extended main.sales.orders
describe function upper
describe schema sales
describe query select a from t
explain select * from t
explain extended select * from t
explain formatted with a as (select 1) select * from a
use sales
use catalog main
set time zone 'UTC'
set spark.sql.shuffle.partitions = 10
reset spark.sql.shuffle.partitions
refresh table t
declare x int default 5
set var x = 3
cache table t
uncache table t
clear cache
"""

# What changes something, or reaches out: never harmless for us.
CHANGES = r"""
insert into t values (1)
insert into t select * from s
insert into table t partition (a = 1) select b from s
insert into t by name select 1 as a
insert into t (a, b) values (1, 2)
insert into t table s
insert into t from s select a
insert overwrite t select 1
insert overwrite table t select 1
insert overwrite table t partition (a) select 1, 2
insert overwrite directory '/tmp/x' using parquet select 1
insert overwrite local directory '/tmp/x' using csv select 1
insert into t replace where a = 1 select 1
from s insert into t select a
from s insert into table t select a insert overwrite table u select b
from s insert overwrite table t select *
from (select 1 as a) s insert overwrite t select a
from s join u on s.a > 1. insert overwrite table t select *
from s, u insert overwrite table t select *
from s lateral view explode(xs) v as x insert overwrite table t select x
from s insert overwrite directory '/tmp/x' using csv select *
with a as (select 1) insert into t select * from a
with a as (select 1) insert overwrite t select * from a
with a as (select 1) from a insert overwrite table t select *
with a as (select 1) delete from t where x in (select * from a)
with a as (select 1) update t set x = 1
with a as (select 1) merge into t using a on true when matched then delete
with select as (select 1) delete from t
with insert as (select 1) insert overwrite t select * from insert
with delete as (select 1), update as (select 2) update t set x = 1
with table as (select 1) delete from table
with a(insert) as (select 1) insert overwrite t table a
delete from t
delete from t where a = 1
delete from t as u where u.a = 1
update t set a = 1
update t as u set u.a = 1 where u.b = 2
merge into t using s on t.a = s.a when matched then update set * when not matched then insert *
merge into t using (select 1 as a) s on t.a = s.a when matched then delete
merge with schema evolution into t using s on t.a = s.a when not matched then insert *
truncate table t
truncate table t partition (a = 1)
drop table t
drop table if exists t purge
drop view v
drop view if exists v
drop database d cascade
drop schema if exists d
drop namespace d
drop function f
drop temporary function f
drop temporary variable x
create table t (a int)
create table if not exists t (a int) using parquet
create table t as select 1
create table t using delta as select 1
create table temp as select 1
create table temporary (a int)
create table t like s
create table t (a int) location 's3://b/x'
create table t (a int) using jdbc options (url 'jdbc:x', dbtable 'y')
create table t using csv options (path 's3://b/x')
create external table t (a int) location '/x'
create temporary table t (a int) using csv
create temporary view v using jdbc options (url 'x')
create temp view v as select 1
create global temporary view v as select 1
create or replace temp view v as select 1
create or replace global temporary view v as select 1
create or replace table t as select 1
create or replace table t (a int)
create or replace table temp as select 1
create or replace table temporary as select 1
create or replace table temp.orders as select 1
create or replace table global.temp as select 1
create or replace table temporary.temp as select 1
create or replace view temp as select 1
create or replace view temporary as select 1
create or replace view global as select 1
create or replace view v as select 1
create or replace view v (temp) as select 1
replace table t as select 1
replace table t (a int)
create view v as select 1
create view if not exists v as select 1
create schema d
create database if not exists d
create schema d location '/x'
create namespace d
create function f as 'a.b.C'
create function f as 'a.b.C' using jar '/x.jar'
create or replace function f as 'a.b.C'
create temporary function f as 'a.b.C'
create or replace temporary function f as 'a.b.C'
create function f(a int) returns int return a + 1
create or replace function f(a int) returns int return a + 1
create function f(a string) returns string return http_request(a)
create index i on t (a)
create or replace variable x int
alter table t add column b int
alter table t add columns (b int, c string)
alter table t drop column a
alter table t drop columns (a, b)
alter table t rename to u
alter table t rename column a to b
alter table t alter column a type bigint
alter table t alter column a comment 'x'
alter table t alter column a set not null
alter table t change column a a bigint
alter table t replace columns (a int)
alter table t set tblproperties ('a' = 'b')
alter table t unset tblproperties ('a')
alter table t set location 's3://b/x'
alter table t partition (a = 1) set location '/x'
alter table t add partition (a = 1) location '/x'
alter table t add if not exists partition (a = 1)
alter table t drop partition (a = 1)
alter table t partition (a = 1) rename to partition (a = 2)
alter table t recover partitions
alter table t set serde 'x'
alter table t set serdeproperties ('a' = 'b')
alter table t cluster by (a)
alter view v as select 1
alter view v rename to w
alter view v set tblproperties ('a' = 'b')
alter database d set dbproperties ('a' = 'b')
alter schema d set location '/x'
alter database d owner to x
analyze table t compute statistics
analyze tables in d compute statistics
comment on table t is 'x'
comment on schema d is null
msck repair table t
msck repair table t drop partitions
msck repair table t sync partitions
repair table t
load data inpath '/x' into table t
load data local inpath '/x' overwrite into table t
add jar '/x.jar'
add file '/x'
execute immediate 'drop table t'
call p(1)
call a.b.p(x => 1)
cache table c as select http_request('x')
declare x string default http_request('x')
set var x = (select http_request('x'))
select http_request('x')
select `http_request`('x')
select system.builtin.http_request('x')
select http_request ( 'x' )
select a, reflect('java.lang.System', 'exit', 0) from t
select java_method('a', 'b')
select * from read_files('s3://b/x')
select * from remote_query('c')
select ai_query('m', a) from t
select * from t where a = secret('a', 'b')
with a as (select http_request('x') as y) select * from a
from t |> select http_request('x')
from t |> where secret('a', 'b') = x
from t select reflect('a', 'b')
insert into t select reflect('a', 'b')
create table t as select ai_query('m', 'x')
create view v as select secret('a', 'b')
select transform(a) using 'cat' from t
select transform(a) using "cat" as (b) from t
map a using 'cat' from t
reduce a using 'cat' from t
from t select transform(a) using 'cat'
from t map a using 'cat'
"""

# Texts that may stand between two words: what is behind or within must not be lost.
BLANKS = [
    "/* x */", "/* /*+ */ ", "-- x\n", "-- x \\\n y\n", "-- x\r", "-- x\r\n", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\f", "\u000b",
    "/**/", "/*'*/", "/*\"*/", "/*`*/", "/*--*/", "--'\n", "--/*\n", "--*/\n", "/* /* x */ */", "/*/*+*/", "/* ; */", "-- ;\n", "--\n",
    "/***/", "/*/ */", "--\\\n\n", "--`\n", "/*$$*/", "--$$\n",
]

# Around a whole statement.
WRAPS = [
    "{}", "  {}  ", "/* select 1 */ {}", "-- select 1\n{}", "{};", "{} -- x", "{} /* x */", "/*x*/{}/*x*/", "\n\n{}\n", "\u00a0{}\u00a0",
]

# Odd ones: the text as it is.
TRICKS = [
    "from s /* /*+ */ insert overwrite table t -- */\n select *",
    "create /* /*+ */ or replace -- */\n table t as select 1",
    "select 1 /* /*+ */ , http_request(c) -- */\n + 1",
    "from s ınsert overwrite table t select *",
    "from s ınſert overwrite table t ſelect *",
    "drop table ı",
    "ſelect 1",
    "with a aſ (ſelect 1) ınſert overwrıte t ſelect * from a",
    "select /*+ a('*/ , ') */ http_request(b) from t",
    "select /*+ a('x') */ /*+ b */ http_request(c) from t",
    "select /*+ a(`*/`) */ reflect(c) from t",
    "select 'a' /* ' */ , http_request(c) /* ' */ from t",
    "select \"a\" -- \"\n , http_request(c) -- \"\n from t",
    "select `a` -- `\n , http_request(c) -- `\n from t",
    "select r'\\' , http_request(c) , r'\\' from t",
    "select R\"\\\" , http_request(c) , R\"\\\" from t",
    "select 'x\\'' , http_request(c) , '\\'x' from t",
    "select 'x\\\\' , http_request(c) , '\\\\x' from t",
    "select ar'\\' , http_request(c) , ' ' from t",
    "select 1r'\\' , http_request(c) , ' ' from t",
    "select 1.r from t",
    "from s join u on s.a > 1.insert overwrite table t select *",
    "from s join u on s.a > .5 insert overwrite table t select *",
    "from s join u on s.a > 1e5 insert overwrite table t select *",
    "from s join u on s.a > 1.e5 insert overwrite table t select *",
    "from s join u on s.a > 1.5bd insert overwrite table t select *",
    "from s join u on s.a > 1d insert overwrite table t select *",
    "from s join u on s.a-- x\n > 1 insert overwrite table t select *",
    "from s as insert insert overwrite table t select *",
    "from insert insert overwrite table t select *",
    "from s.insert insert overwrite table t select *",
    "from `s`insert overwrite table t select *",
    "from s insert overwrite table`t`select *",
    "from s insert/**/overwrite/**/table/**/t/**/select/**/*",
    "from values(1)insert overwrite table t select *",
    "from range(1)insert overwrite table t select *",
    "from (select 1)insert overwrite table t select *",
    "from s pivot (sum(x) for y in ('a'))insert overwrite table t select *",
    "with a as (select 1)delete from t",
    "with a as (select ')')delete from t",
    "with a as (select \")\" , `(` from x)delete from t",
    "with a as (select 1 -- )\n)delete from t",
    "with a as (select 1 /* ( */)delete from t",
    "with a as (select 'x' /* ' */ )delete from t",
    "with `a(` as (select 1) delete from t",
    "with a as (select 1)/*+*/ delete from t",
    "create or replace /* temp */ table t as select 1",
    "create or replace -- temporary\n table t as select 1",
    "create or replace table `temp` as select 1",
    "create or replace table `temporary`.x as select 1",
    "create or replace table t as select 1 as temp",
    "create or replace table t (temp int)",
    "CrEaTe oR RePlAcE TaBlE TeMp As SeLeCt 1",
    "select 1 as`a`, http_request (1)",
    "select http_request/* x */(1)",
    "select http_request-- x\n(1)",
    "select system . builtin . http_request(1)",
    "select 'a' 'b' , http_request(1)",
    "select '' , http_request(1) , ''",
    "select '''' , http_request(1) , ''''",
    "select \"'\" , http_request(1) , \"'\"",
    "select `a``` , http_request(1) , ```b`",
    "select a:b , http_request(1) from t",
    "select a::string , http_request(1) from t",
    "select x'1F' , http_request(1)",
    "select ${x} , 1",
    "select 1 where 1 <> 2 and 'a' != 'b' and 1 <=> 1 and http_request(1) = 2",
    "select 5 --- 3\n, http_request(1)",
    "select 6 //* x */ 2, http_request(1)",
    "select 6 /-- x\n 2, http_request(1)",
    "select *from t where*/ 1",
    "(((select http_request(1))))",
    "(select 1) union (select http_request(1))",
    "((from s select 1))",
    "explain insert overwrite t select 1",
    "explain drop table t",
    "show tables; select 1",
    "select 1;",
    "select 1; ",
    "select 1 ; -- x",
]


def random_texts(count):
    pieces = [
        "'", '"', "`", "``", "--", "\n", "\r", "/*", "*/", "/*+", ";", "select", "insert", "r'", 'R"', "\\", " ", " ", " ", "1", "1.", ".5", "e5",
        "e-5", "E+", "bd", "d", "f", "L", "_", "x", "é", "ı", ".", "://", "a://b", "-", "/", "*", "+", "|>", "\u00a0", "\u0085", "\ufeff", "$", "(", ")",
    ]
    source = random.Random(8)
    for _ in range(count):
        yield "".join(source.choice(pieces) for _ in range(source.randrange(1, 14)))


def statements():
    for text in PLAIN.strip().split("\n"):
        yield "plain", text
    source = random.Random(1)
    for text in CHANGES.strip().split("\n"):
        yield "trick", text
        gaps = [m.start() for m in re.finditer(" ", text)]
        for blank in source.sample(BLANKS, 4):
            at = source.choice(gaps)
            yield "trick", text[:at] + blank + text[at:]
        glue = source.choice(["/**/", "--\n", "\u00a0", "\n", "/*x*/"])
        if "'" not in text:
            yield "trick", text.replace(" ", glue)
        yield "trick", source.choice(WRAPS).format(text)
        yield "trick", "".join(source.choice([c.lower(), c.upper()]) for c in text)
    for text in TRICKS:
        yield "trick", text


class Spark:
    def __init__(self):
        session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
        self.version = session.version
        self.parser = session._jsparkSession.sessionState().sqlParser()
        jvm = session._jvm
        self.streams = jvm.org.antlr.v4.runtime.CharStreams
        self.upper = jvm.org.apache.spark.sql.catalyst.parser.UpperCaseCharStream
        self.lexer = jvm.org.apache.spark.sql.catalyst.parser.SqlBaseLexer

    def tokens(self, text):
        lexer = self.lexer(self.upper(self.streams.fromString(text)))
        lexer.removeErrorListeners()
        return [token.getText() for token in lexer.getAllTokens() if token.getChannel() == 0]

    def plan(self, text):
        """The plan's commands and what it calls that reaches out; None when Spark refuses the text."""
        try:
            plan = self.parser.parsePlan(text)
        except Exception:
            return None
        names, todo = [], [plan]
        while todo:
            node = todo.pop()
            name = node.getClass().getSimpleName().rstrip("$")
            package = node.getClass().getName()
            flag = ""
            for field in ("overwrite", "replace"):
                try:
                    flag = "!" if getattr(node, field)() is True else flag
                except Exception:
                    pass
            is_command = "execution.command" in package or "execution.datasources" in package or any(
                self.is_a(node, kind) for kind in ("Command", "ParsedStatement", "UnaryParsedStatement")
            )
            if is_command or name in ("ScriptTransformation", "ExecuteImmediateQuery", "InsertIntoDir", "Call"):
                names.append(name + flag)
            children = node.children()
            todo.extend(children.apply(i) for i in range(children.size()))
        calls = sorted({(a or b).lower() for a, b in REACHING.findall(plan.toString())})
        return ",".join(sorted(names)) or "query", ",".join(calls) or "-"

    def is_a(self, node, kind):
        loader = node.getClass().getClassLoader()
        try:
            return loader.loadClass(f"org.apache.spark.sql.catalyst.plans.logical.{kind}").isInstance(node)
        except Exception:
            return False


def main():
    spark = Spark()
    with open(HERE / "statements.tsv", "w", encoding="utf-8", newline="\n") as out:
        out.write(f"# Apache Spark {spark.version}; see capture.py\n")
        seen = set()
        for tag, text in statements():
            found = spark.plan(text)
            if text in seen:
                continue
            seen.add(text)
            if found is None:
                print("refused:", repr(text)[:120])
                continue
            out.write(f"{tag}\t{found[0]}\t{found[1]}\t{json.dumps(text, ensure_ascii=True)}\n")
    with open(HERE / "tokens.tsv", "w", encoding="utf-8", newline="\n") as out:
        out.write(f"# Apache Spark {spark.version}; see capture.py\n")
        for text in dict.fromkeys(random_texts(3000)):
            out.write(f"{json.dumps(text)}\t{json.dumps(spark.tokens(text))}\n")


main()
