//! What changed between two tables, against an oracle in memory; numbers that are looked for in tables.

use bricklayer_domain::{ColumnType, ResultContent};
use bricklayer_results::{Changes, NumberPlace, ResultEnd, ResultsError, WrittenNumber};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Scene, check, on_both_engines, user};

on_both_engines!(random_changes_are_right, columns_that_changed_are_named, numbers_are_found_where_they_are);

async fn changes(scene: &Scene, from: &[Vec<Value>], to: &[Vec<Value>], limit: u32) -> Changes {
    let columns = [("n", ColumnType::Integer), ("t", ColumnType::String)];
    let (from, to) = (scene.write(&columns, from).await, scene.write(&columns, to).await);
    scene.results.changes(&scene.user, from, to, limit).await.unwrap()
}

async fn random_changes_are_right(scene: Scene) {
    let cell = prop_oneof![Just(Value::Null), (0..3_i32).prop_map(|number| json!(number.to_string()))];
    let text = prop_oneof![Just(Value::Null), Just(json!("")), Just(json!("x"))];
    let row = (cell, text).prop_map(|(cell, text)| vec![cell, text]);
    let rows = prop::collection::vec(row, 0..20);
    check(30, &(rows.clone(), rows), async |(from, to)| {
        // Taken away one by one.
        let (mut removed, mut added) = (from.clone(), Vec::new());
        for row in &to {
            match removed.iter().position(|other| other == row) {
                Some(at) => drop(removed.swap_remove(at)),
                None => added.push(row.clone()),
            }
        }
        let found = changes(&scene, &from, &to, 100).await;
        assert_eq!((found.before, found.after), (from.len() as u64, to.len() as u64));
        assert_eq!((found.added_rows(), found.removed_rows()), (added.len() as u64, removed.len() as u64));
        assert!(found.is_complete());
        let listed = |rows: &[bricklayer_results::ChangedRow], of: &[Vec<Value>], mut expected: Vec<Vec<Value>>| {
            for row in rows {
                let values: Vec<Value> = serde_json::from_str(row.values.get()).unwrap();
                assert_eq!(values, of[row.row as usize]);
                let at = expected.iter().position(|other| *other == values).unwrap();
                expected.swap_remove(at);
            }
            assert!(expected.is_empty());
        };
        listed(&found.added, &to, added);
        listed(&found.removed, &from, removed);
    });
}

async fn columns_that_changed_are_named(scene: Scene) {
    const INTEGER: ColumnType = ColumnType::Integer;
    let from = [("a", INTEGER), ("gone", INTEGER), ("t", INTEGER), ("a", INTEGER)];
    let to = [("t", ColumnType::String), ("a", INTEGER), ("a", INTEGER), ("new", INTEGER)];
    let row = |cells: [&str; 4]| cells.map(|cell| json!(cell)).to_vec();
    let from = scene.write(&from, &[row(["1", "2", "3", "4"]), row(["5", "6", "7", "8"])]).await;
    let to = scene.write(&to, &[row(["3", "1", "4", "0"]), row(["7", "8", "5", "0"])]).await;
    let found = scene.results.changes(&scene.user, from, to, 1).await.unwrap();
    assert_eq!((found.added_columns, found.removed_columns), (vec!["new".to_owned()], vec!["gone".to_owned()]));
    let changed = &found.changed_columns[0];
    assert_eq!((&*changed.name, changed.from.kind, changed.to.kind), ("t", INTEGER, ColumnType::String));
    // By the two that are called `a`, each by its turn.
    assert_eq!((found.same, found.added[0].row, found.removed[0].row), (1, 1, 1));
    assert_eq!(found.added[0].values.get(), r#"["7","8","5","0"]"#);
    // What is the same is not looked through.
    let found = scene.results.changes(&scene.user, from, from, 1).await.unwrap();
    assert_eq!((found.same, found.added.len(), found.removed.len()), (2, 0, 0));
    // Nothing in common.
    let other = scene.write(&[("z", INTEGER)], &[vec![json!("1")]]).await;
    let found = scene.results.changes(&scene.user, from, other, 1).await.unwrap();
    assert_eq!((found.same, found.added_rows(), found.removed_rows()), (0, 1, 2));
    let bob = user("bob@example.com");
    for (from, to) in [(from, from), (from, other)] {
        let foreign = scene.results.changes(&bob, from, to, 1).await;
        assert!(matches!(foreign, Err(ResultsError::Store(_))), "{foreign:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_rows_than_memory_allows_are_not_compared() {
    let scene = Scene::sqlite().await.with_sort_bytes(64 * 10);
    let rows = |from: u32| (from..from + 20).map(|row| vec![json!(row.to_string())]).collect::<Vec<_>>();
    let columns = [("n", ColumnType::Integer)];
    let (from, to) = (scene.write(&columns, &rows(0)).await, scene.write(&columns, &rows(1)).await);
    match scene.results.changes(&scene.user, from, to, 10).await {
        Err(ResultsError::Query { field, message }) => {
            assert!(field == "to" && message.contains("results.sort_mib"), "{field} {message}");
        }
        other => panic!("{other:?}"),
    }
}

async fn numbers_are_found_where_they_are(scene: Scene) {
    let columns = [
        ("n", ColumnType::Integer),
        ("d", ColumnType::Decimal { precision: 9, scale: 4 }),
        ("f", ColumnType::Float),
        ("t", ColumnType::String),
        ("day", ColumnType::Date),
    ];
    let row = |n: &str, d: &str, f: f64, t: &str| vec![json!(n), json!(d), json!(f), json!(t), json!("2023-07-09")];
    let rows = [row("9007199254740993", "0.1255", 0.1, "about 77 of 80"), row("-5", "1234.5678", 2.5, "x")];
    let id = scene.write(&columns, &rows).await;
    let mut writer = scene.results.open(scene.of(ResultContent::File, &[])).unwrap();
    writer.append_bytes(b"123").await.unwrap();
    let file = writer.finish(ResultEnd::default()).await.unwrap().id;
    let asked = [
        "9,007,199,254,740,993",
        "9,007,199,254,740,992",
        "1,234.57",
        "12.55 %",
        "\u{2212}5",
        "0.1",
        "77",
        "2023",
        "2",
        "many",
        "424242",
    ];
    let numbers: Vec<_> = asked.iter().map(|number| WrittenNumber::parse(number)).collect();
    let found = scene.results.find_numbers(&scene.user, &[file, id], &numbers).await.unwrap();
    let cell = |row, column| Some(NumberPlace::Cell { result: id, row, column });
    assert_eq!(found.places[..6], [cell(0, 0), None, cell(1, 1), cell(0, 1), cell(1, 0), cell(0, 1)]);
    assert_eq!(found.places[6..8], [cell(0, 3), cell(0, 4)]);
    // 2.5 is 2 for those who round to even, and there are two rows.
    assert_eq!(found.places[8..], [cell(1, 2), None, None]);
    assert!(found.complete);
    let three = WrittenNumber::parse("2");
    let plain = scene.write(&[("t", ColumnType::String)], &[vec![json!("a")], vec![json!("b")]]).await;
    let found = scene.results.find_numbers(&scene.user, &[plain], &[three]).await.unwrap();
    assert_eq!(found.places, [Some(NumberPlace::Count { result: plain })]);
    // A stranger's results say nothing.
    let bob = user("bob@example.com");
    let found = scene.results.find_numbers(&bob, &[id], &[three]).await.unwrap();
    assert_eq!(found.places, [None]);
}
