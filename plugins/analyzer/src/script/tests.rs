use super::*;

#[track_caller]
fn check(language: Language, text: &str, reads: &[&str], writes: &[&str]) -> Facts {
    let mut facts = Facts::default();
    let error = Script::default().cell(&mut facts, language, text, Place { cell: 0, line: 1 });
    assert_eq!(error, None, "{text}");
    let (found, written) = facts.tables();
    let names = |list: &[crate::analysis::TableUse]| list.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!((names(&found), names(&written)), (own(reads), own(writes)), "{text}");
    facts
}

#[test]
fn scala_reads_and_writes_by_constants() {
    use Language::Scala;
    check(
        Scala,
        "val df = spark.table(\"main.a.b\") // spark.table(\"no\")\n/* spark.table(\"no\") /* */ */",
        &["main.a.b"],
        &[],
    );
    check(
        Scala,
        "val cat = \"main\"\nval t = s\"$cat.a.${\"x\"}\"\nspark.read.table(s\"${cat}.a.b\")",
        &["main.a.b"],
        &[],
    );
    check(
        Scala,
        "val cat = dbutils.widgets.get(\"cat\")\nspark.table(cat + \".a.b\").write.mode(\"overwrite\").saveAsTable(s\"$cat.c.d\")",
        &["{cat}.a.b"],
        &["{cat}.c.d"],
    );
    check(Scala, "spark.sql(\"\"\"INSERT INTO a\n SELECT * FROM b\"\"\")", &["b"], &["a"]);
    check(Scala, "DeltaTable.forName(spark, \"t\").as(\"t\").merge(df.as(\"s\"), \"a\").execute()", &[], &["t"]);
    check(Scala, "df.createOrReplaceTempView(\"v\")\nspark.sql(\"SELECT * FROM v JOIN u\")", &["u"], &[]);
    check(Scala, "df.writeTo(\"a.b\").append()\nval c = 'x'; val q = '\"'; spark.table(\"d\")", &["d"], &["a.b"]);
}

#[test]
fn r_reads_and_writes_by_constants() {
    use Language::R;
    check(R, "library(SparkR)\ndf <- tableToDF('main.a.b') # tableToDF('no')", &["main.a.b"], &[]);
    check(
        R,
        "cat <- \"main\"\nt <- paste0(cat, \".a.b\")\nx <- tbl(sc, t)\nspark_write_table(x, \"out\", mode = \"append\")",
        &["main.a.b"],
        &["out"],
    );
    let facts = check(
        R,
        "day <- dbutils.widgets.get(\"day\")\nSparkR::sql(paste0('SELECT * FROM u WHERE d = \"', day, '\"'))\ntbl(sc, in_catalog(\"a\", \"b\", \"c\"))",
        &["u", "a.b.c"],
        &[],
    );
    assert_eq!(facts.parameters[0].name, "day");
}

#[test]
fn what_is_not_closed_is_told() {
    for (language, text) in
        [(Language::Scala, "val x = (1"), (Language::Scala, "/* a"), (Language::R, "x <- 'a"), (Language::R, "f(1))")]
    {
        let error = Script::default().cell(&mut Facts::default(), language, text, Place { cell: 0, line: 5 });
        assert_eq!(error.map(|error| error.line), Some(5), "{text}");
    }
    let deep = "(".repeat(100_000);
    Script::default().cell(&mut Facts::default(), Language::Scala, &deep, Place::default());
}
