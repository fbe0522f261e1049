//! Groups and samples against an oracle in memory; exact sums; what is refused, and how.

use std::cmp::Ordering;

use bricklayer_domain::{ColumnType, ResultId};
use bricklayer_results::{Aggregate, AggregateRequest, MAX_GROUPS, ResultsError, SampleRequest};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Scene, check, on_both_engines, order, table};

on_both_engines!(random_groups_are_right, sums_are_exact, samples_are_spread);

fn request(group: &str, measures: &str) -> AggregateRequest {
    let some = |text: &str| Some(text.to_owned());
    AggregateRequest { group: some(group), measures: some(measures), limit: 10_000, ..AggregateRequest::default() }
}

async fn rows(scene: &Scene, id: ResultId, request: &AggregateRequest) -> (Aggregate, Vec<Vec<Value>>) {
    let found = scene.results.aggregate(&scene.user, id, request).await.unwrap_or_else(|error| panic!("{error}"));
    let rows = serde_json::from_str(found.rows.get()).unwrap();
    (found, rows)
}

async fn refused(scene: &Scene, id: ResultId, request: &AggregateRequest) -> (String, String) {
    match scene.results.aggregate(&scene.user, id, request).await {
        Err(ResultsError::Query { field, message }) => (field, message),
        other => panic!("{request:?}: {other:?}"),
    }
}

/// NULL last, as everywhere.
fn nulls_last(kind: ColumnType, a: &Value, b: &Value) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (false, false) => order(kind, a, b),
        (a, b) => a.cmp(&b),
    }
}

fn is_nan(value: &Value) -> bool {
    value.as_str() == Some("NaN")
}

/// What the measures of a column should be: count, distinct, min, max.
fn measured(kind: ColumnType, rows: &[&Vec<Value>], column: usize) -> Vec<Value> {
    let mut values: Vec<&Value> = rows.iter().map(|row| &row[column]).filter(|value| !value.is_null()).collect();
    let count = values.len();
    values.sort_by(|a, b| order(kind, a, b));
    let numbers: Vec<&Value> =
        values.iter().copied().filter(|value| !(kind == ColumnType::Double && is_nan(value))).collect();
    let (min, max) = (numbers.first().copied().cloned(), numbers.last().copied().cloned());
    values.dedup_by(|a, b| order(kind, a, b) == Ordering::Equal);
    let number = |number: usize| json!(number.to_string());
    vec![number(count), number(values.len()), min.unwrap_or_default(), max.unwrap_or_default()]
}

async fn random_groups_are_right(scene: Scene) {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let case = table(40).prop_flat_map(|(kinds, rows)| {
        let columns = kinds.len();
        (Just(kinds), Just(rows), prop::collection::vec(0..columns, 0..3), 0..columns)
    });
    check(40, &case, async |(kinds, rows_in, groups, measure)| {
        let columns: Vec<_> = NAMES.into_iter().zip(kinds.iter().copied()).collect();
        let id = scene.write(&columns, &rows_in).await;
        let mut expected: Vec<(Vec<Value>, Vec<&Vec<Value>>)> = Vec::new();
        if groups.is_empty() {
            expected.push((Vec::new(), Vec::new()));
        }
        for row in &rows_in {
            let key: Vec<Value> = groups.iter().map(|column| row[*column].clone()).collect();
            let same = |other: &Vec<Value>| {
                let mut pairs = groups.iter().zip(other.iter().zip(&key));
                pairs.all(|(column, (a, b))| nulls_last(kinds[*column], a, b) == Ordering::Equal)
            };
            match expected.iter_mut().find(|(other, _)| same(other)) {
                Some((_, members)) => members.push(row),
                None => expected.push((key, vec![row])),
            }
        }
        expected.sort_by(|(a, _), (b, _)| {
            groups
                .iter()
                .zip(a.iter().zip(b))
                .fold(Ordering::Equal, |before, (column, (a, b))| before.then_with(|| nulls_last(kinds[*column], a, b)))
        });
        let group = groups.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let asked = request(&group, &format!("count,count:{measure},distinct:{measure},min:{measure},max:{measure}"));
        let (found, got) = rows(&scene, id, &asked).await;
        assert_eq!((found.groups, found.complete), (expected.len() as u64, true));
        assert_eq!(got.len(), expected.len());
        for (row, (key, members)) in got.iter().zip(&expected) {
            let (cells, totals) = row.split_at(groups.len());
            let same = |(column, (a, b)): (&usize, (&Value, &Value))| nulls_last(kinds[*column], a, b).is_eq();
            assert!(groups.iter().zip(cells.iter().zip(key)).all(same), "{row:?} {key:?}");
            let wanted = measured(kinds[measure], members, measure);
            assert_eq!(totals[0], json!(members.len().to_string()));
            assert_eq!(totals[1..3], wanted[..2]);
            for (total, wanted) in totals[3..].iter().zip(&wanted[2..]) {
                assert!(nulls_last(kinds[measure], total, wanted).is_eq(), "{row:?} {wanted}");
            }
        }
    });
}

async fn sums_are_exact(scene: Scene) {
    let most = "9".repeat(38);
    let columns = [
        ("n", ColumnType::Integer),
        ("d", ColumnType::Decimal { precision: 38, scale: 2 }),
        ("f", ColumnType::Double),
        ("t", ColumnType::TimestampNtz),
    ];
    let row = |n: Value, d: &str, f: Value, t: &str| vec![n, json!(d), f, json!(t)];
    let id = scene
        .write(
            &columns,
            &[
                row(json!("9223372036854775807"), "0.10", json!(1.5), "2024-01-31T23:59:59.999999"),
                row(json!("9223372036854775807"), "0.20", json!("NaN"), "2024-02-01T00:00:00"),
                row(json!("-1"), "-0.05", json!(-0.0), "2024-02-29T12:00:00"),
                row(Value::Null, "7", json!(0.0), "2024-04-01T00:00:00"),
            ],
        )
        .await;
    let (found, got) =
        rows(&scene, id, &request("", "sum:0,mean:0,sum:1,mean:1,sum:2,mean:2,median:2,distinct:2")).await;
    assert_eq!(
        got,
        [[
            json!("18446744073709551613"),
            json!(6_148_914_691_236_517_000.0),
            json!("7.25"),
            json!(1.8125),
            json!(1.5),
            json!(0.5),
            json!(0.0),
            json!("3")
        ]]
    );
    let kinds: Vec<_> = found.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    let whole = |scale| ColumnType::Decimal { precision: 38, scale };
    assert_eq!(kinds[0], ("sum(n)", whole(0)));
    assert_eq!(kinds[2], ("sum(d)", whole(2)));
    assert_eq!((kinds[3], kinds[7]), (("mean(d)", ColumnType::Double), ("distinct(f)", ColumnType::Integer)));
    // The two zeros are one group, NaN is one, and NULL comes last.
    let (_, got) = rows(&scene, id, &request("2", "count")).await;
    assert_eq!(got, [[json!(0.0), json!("2")], [json!(1.5), json!("1")], [json!("NaN"), json!("1")]]);
    let (_, got) = rows(&scene, id, &request("0", "count:1")).await;
    assert_eq!(got.last().unwrap(), &[Value::Null, json!("1")]);
    let (_, got) = rows(&scene, id, &request("3:month", "count")).await;
    assert_eq!(got[1], [json!("2024-02-01T00:00:00"), json!("2")]);
    let (_, got) = rows(&scene, id, &request("3:quarter", "count,max:3")).await;
    assert_eq!(got[0], [json!("2024-01-01T00:00:00"), json!("3"), json!("2024-02-29T12:00:00")]);
    // Bins say where they begin and end; what lies in none is a group of its own.
    let (found, got) = rows(&scene, id, &request("2:bins:3", "count")).await;
    assert_eq!((&*found.columns[0].name, &*found.columns[1].name), ("f_from", "f_to"));
    assert_eq!(
        got,
        [
            [json!(0.0), json!(0.5), json!("2")],
            [json!(1.0), json!(1.5), json!("1")],
            [json!("NaN"), json!("NaN"), json!("1")]
        ]
    );
    // Sorted by a measure, then by the groups.
    let sorted = AggregateRequest { sort: Some("1:desc".into()), limit: 2, ..request("3:month", "count") };
    let (found, got) = rows(&scene, id, &sorted).await;
    assert_eq!((found.groups, &got[0][1], &got[1][0]), (3, &json!("2"), &json!("2024-01-01T00:00:00")));
    let few =
        AggregateRequest { filter: Some(r#"{"column": 0, "op": "lt", "value": 0}"#.into()), ..request("", "count") };
    assert_eq!(rows(&scene, id, &few).await.1, [[json!("1")]]);
    // Larger than a decimal may be: refused, while the mean goes.
    let columns = [("d", ColumnType::Decimal { precision: 38, scale: 0 })];
    let id = scene.write(&columns, &[vec![json!(most)], vec![json!(most)], vec![json!(most)]]).await;
    let (field, message) = refused(&scene, id, &request("", "sum:0")).await;
    assert_eq!(field, "measures");
    assert!(message.contains("sum(d)") && message.contains("mean"), "{message}");
    assert_eq!(rows(&scene, id, &request("", "mean:0,max:0")).await.1, [[json!(1e38), json!(most)]]);
    // No rows: one group of all of them, or none.
    let id = scene.write(&columns, &[]).await;
    assert_eq!(
        rows(&scene, id, &request("", "count,sum:0,median:0")).await.1,
        [[json!("0"), Value::Null, Value::Null]]
    );
    assert!(rows(&scene, id, &request("0", "count")).await.1.is_empty());
}

async fn samples_are_spread(scene: Scene) {
    let columns = [("n", ColumnType::Integer), ("t", ColumnType::String)];
    let rows: Vec<Vec<Value>> = (0..1_000).map(|row| vec![json!(row.to_string()), json!("x")]).collect();
    let id = scene.write(&columns, &rows).await;
    let sample = async |limit, columns: Option<Vec<usize>>, filter: Option<&str>| {
        let request = SampleRequest { limit, columns, filter: filter.map(str::to_owned) };
        scene.results.sample(&scene.user, id, &request).await.unwrap()
    };
    let page = sample(4, Some(vec![0]), None).await;
    assert_eq!(page.row_numbers, [0, 250, 500, 750]);
    assert_eq!(page.rows.get(), r#"[["0"],["250"],["500"],["750"]]"#);
    assert_eq!((page.total, page.next), (1_000, None));
    assert_eq!(sample(10_000, None, None).await.row_numbers.len(), 1_000);
    let page = sample(2, None, Some(r#"{"column": 0, "op": "ge", "value": 990}"#)).await;
    assert_eq!((page.total, page.row_numbers), (10, vec![990, 995]));
    for limit in [0, 10_001] {
        let request = SampleRequest { limit, ..SampleRequest::default() };
        let refused = scene.results.sample(&scene.user, id, &request).await;
        assert!(matches!(refused, Err(ResultsError::Query { field, .. }) if field == "limit"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named() {
    let scene = Scene::sqlite().await;
    let columns = [("n", ColumnType::Integer), ("t", ColumnType::String), ("d", ColumnType::Date)];
    let id = scene.write(&columns, &[vec![json!("1"), json!("a"), json!("2024-01-31")]]).await;
    for group in
        ["3", "x", "0:month", "1:bins:2", "2:hour", "2:bins:0", "2:bins:201", "2:month:3", "0,0,0,0,0", "0:bins"]
    {
        assert_eq!(refused(&scene, id, &request(group, "count")).await.0, "group", "{group}");
    }
    for measures in ["", "sum", "sum:1", "mean:2", "median:1", "total:0", "count:3", "count:x", &"count,".repeat(17)] {
        assert_eq!(refused(&scene, id, &request("0", measures)).await.0, "measures", "{measures}");
    }
    for sort in ["2", "x", "0:up"] {
        let asked = AggregateRequest { sort: Some(sort.into()), ..request("0", "count") };
        assert_eq!(refused(&scene, id, &asked).await.0, "sort", "{sort}");
    }
    for limit in [0, 10_001] {
        assert_eq!(refused(&scene, id, &AggregateRequest { limit, ..request("0", "count") }).await.0, "limit");
    }
    let asked = AggregateRequest { filter: Some("{}".into()), ..request("0", "count") };
    assert_eq!(refused(&scene, id, &asked).await.0, "filter.column");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_and_what_they_hold_are_bounded() {
    let scene = Scene::sqlite().await;
    let rows_in: Vec<Vec<Value>> = (0..=MAX_GROUPS).map(|row| vec![json!(row.to_string())]).collect();
    let id = scene.write(&[("n", ColumnType::Integer)], &rows_in).await;
    let (found, got) = rows(&scene, id, &AggregateRequest { limit: 1, ..request("0", "count") }).await;
    assert_eq!((found.groups, found.complete), (MAX_GROUPS as u64, false));
    assert_eq!(got, [[json!("0"), json!("1")]]);
    let tight = scene.with_sort_bytes(64 * 1024);
    let (field, message) = refused(&tight, id, &request("", "median:0")).await;
    assert_eq!(field, "measures");
    assert!(message.contains("results.sort_mib"), "{message}");
}
