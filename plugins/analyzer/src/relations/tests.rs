use super::*;
use crate::{Surroundings, analyze, open};

fn related(notebooks: &[(&str, &str)]) -> Relations {
    let analyses: Vec<_> = notebooks
        .iter()
        .flat_map(|(path, text)| open(path, text.as_bytes(), None).unwrap())
        .map(|notebook| analyze(&notebook, Surroundings::default()))
        .collect();
    relate(&analyses)
}

fn order(relations: &Relations) -> Vec<String> {
    relations.order.iter().map(|task| format!("{} <- {}", task.path, task.after.join(" "))).collect()
}

#[test]
fn tables_values_and_paths_give_an_order() {
    let found = related(&[
        ("/e/report.sql", "SELECT * FROM main.gold.g"),
        (
            "/e/gold.py",
            "x = dbutils.jobs.taskValues.get('load', 'rows')\nspark.table('silver.s').write.saveAsTable('main.gold.g')",
        ),
        ("/e/silver.py", "c = 'main'\nspark.read.parquet('/Volumes/a/b/c/x').write.saveAsTable(f'{c}.silver.s')"),
        ("/e/load.py", "df.write.parquet('/Volumes/a/b/c')\ndbutils.jobs.taskValues.set('rows', 1)"),
    ]);
    assert_eq!(
        order(&found),
        ["/e/load.py <- ", "/e/silver.py <- /e/load.py", "/e/gold.py <- /e/silver.py", "/e/report.sql <- /e/gold.py"]
    );
    assert_eq!(found.order[3].reasons, ["reads main.gold.g, which /e/gold.py writes"]);
    assert!(found.cycles.is_empty() && found.conflicts.is_empty() && found.within.is_empty());
}

#[test]
fn runs_circles_and_two_writers_are_told() {
    let found = related(&[
        (
            "/e/main.py",
            "# Databricks notebook source\n# MAGIC %run ./setup\n\n# COMMAND ----------\ndbutils.notebook.run('/e/child', 60)",
        ),
        ("/e/setup.py", "x = 1"),
        ("/e/child.py", "spark.table('a.b.one').write.saveAsTable('a.b.two')"),
        ("/e/x.py", "spark.table('a.b.two').write.mode('append').saveAsTable('a.b.one')"),
        ("/e/y.py", "spark.table('a.b.one').write.saveAsTable('a.b.two')"),
    ]);
    assert_eq!(
        found.within,
        [("/e/child.py".into(), "/e/main.py".into()), ("/e/setup.py".into(), "/e/main.py".into())]
    );
    assert_eq!(found.cycles, [["/e/child.py", "/e/x.py", "/e/y.py"]]);
    assert_eq!(found.conflicts.len(), 1);
    assert_eq!(
        found.conflicts[0].writers,
        [("/e/child.py".to_owned(), Mode::Create), ("/e/y.py".to_owned(), Mode::Create)]
    );
    assert_eq!(found.order.len(), 3);
}
