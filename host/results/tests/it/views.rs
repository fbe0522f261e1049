//! Sorts and filters against an oracle in memory; columns in numbers; what is refused, and how.

use std::cmp::Ordering;

use bricklayer_domain::ColumnType;
use bricklayer_results::{ResultsError, RowsRequest, ViewRequest};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Scene, check, on_both_engines, order, table};

on_both_engines!(random_sorts_and_filters_are_right, columns_are_summed_up);

fn matches(kinds: &[ColumnType], filter: &Value, row: &[Value]) -> bool {
    if let Some(list) = filter.get("and") {
        return list.as_array().unwrap().iter().all(|filter| matches(kinds, filter, row));
    }
    if let Some(list) = filter.get("or") {
        return list.as_array().unwrap().iter().any(|filter| matches(kinds, filter, row));
    }
    if let Some(filter) = filter.get("not") {
        return !matches(kinds, filter, row);
    }
    let column = filter["column"].as_u64().unwrap() as usize;
    let (kind, value, wanted) = (kinds[column], &row[column], &filter["value"]);
    let equal = |wanted: &Value| order(kind, value, wanted) == Ordering::Equal;
    match filter["op"].as_str().unwrap() {
        "is_null" => value.is_null(),
        "is_not_null" => !value.is_null(),
        _ if value.is_null() => false,
        "in" => wanted.as_array().unwrap().iter().any(equal),
        "not_in" => !wanted.as_array().unwrap().iter().any(equal),
        "contains" => value.as_str().unwrap().contains(wanted.as_str().unwrap()),
        op => {
            let order = order(kind, value, wanted);
            match op {
                "eq" => order.is_eq(),
                "ne" => order.is_ne(),
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                "ge" => order.is_ge(),
                op => panic!("{op}"),
            }
        }
    }
}

type Case = (Vec<ColumnType>, Vec<Vec<Value>>, Value, Vec<(usize, bool)>);

/// A table, a filter with values from it, and a sort.
fn case() -> impl Strategy<Value = Case> {
    table(40).prop_flat_map(|(kinds, rows)| {
        let columns = kinds.len();
        let (for_filter, in_rows) = (kinds.clone(), rows.clone());
        let condition = (0..columns, 0..10_usize, any::<prop::sample::Index>()).prop_map(move |(column, op, pick)| {
            let values: Vec<&Value> = in_rows.iter().map(|row| &row[column]).filter(|value| !value.is_null()).collect();
            let ops = ["is_null", "is_not_null", "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in"];
            let op = if values.is_empty() { ops[op % 2] } else { ops[op] };
            match op {
                "is_null" | "is_not_null" => json!({"column": column, "op": op}),
                "in" | "not_in" => {
                    let some: Vec<_> = values.iter().step_by(2).collect();
                    json!({"column": column, "op": op, "value": some})
                }
                op => json!({"column": column, "op": op, "value": values[pick.index(values.len())]}),
            }
        });
        let filter = condition.prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(|list| json!({"and": list})),
                prop::collection::vec(inner.clone(), 0..3).prop_map(|list| json!({"or": list})),
                inner.prop_map(|one| json!({"not": one})),
            ]
        });
        let sort = prop::collection::vec((0..columns, any::<bool>()), 0..3);
        (Just(for_filter), Just(rows), filter, sort)
    })
}

async fn random_sorts_and_filters_are_right(scene: Scene) {
    check(40, &case(), async |(kinds, rows, filter, sort)| {
        const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
        let columns: Vec<_> = NAMES.into_iter().zip(kinds.iter().copied()).collect();
        let id = scene.write(&columns, &rows).await;
        let mut expected: Vec<_> = rows.iter().filter(|row| matches(&kinds, &filter, row)).cloned().collect();
        expected.sort_by(|a, b| {
            sort.iter().fold(Ordering::Equal, |before, (column, descending)| {
                let (a, b) = (&a[*column], &b[*column]);
                before.then_with(|| match (a.is_null(), b.is_null()) {
                    (false, false) if *descending => order(kinds[*column], b, a),
                    (false, false) => order(kinds[*column], a, b),
                    (a, b) => a.cmp(&b),
                })
            })
        });
        let keys =
            sort.iter().map(|(column, descending)| format!("{column}:{}", if *descending { "desc" } else { "asc" }));
        let sort = keys.collect::<Vec<_>>().join(",");
        let view = ViewRequest { sort: Some(sort), filter: Some(filter.to_string()) };
        assert_eq!(scene.rows(id, &view, 9).await.unwrap(), expected, "{view:?}");
    });
}

async fn columns_are_summed_up(scene: Scene) {
    let columns =
        [("n", ColumnType::Integer), ("t", ColumnType::String), ("f", ColumnType::Double), ("d", ColumnType::Date)];
    let rows: Vec<Vec<Value>> = (0..100)
        .map(|row| {
            let number = if row % 10 == 9 { Value::Null } else { json!(row.to_string()) };
            let float = if row == 50 { json!("NaN") } else { json!(f64::from(row) / 2.0) };
            vec![number, json!(["b", "aa", ""][row as usize % 3]), float, json!("2024-01-31")]
        })
        .collect();
    let id = scene.write(&columns, &rows).await;
    let (results, user) = (&scene.results, &scene.user);
    let summary = results.summary(user, id, 0, None).await.unwrap();
    assert_eq!((summary.rows, summary.nulls), (100, 10));
    assert_eq!((summary.min.as_deref(), summary.max.as_deref()), (Some("\"0\""), Some("\"98\"")));
    assert_eq!(summary.mean, Some(49.0));
    let few = Some(r#"{"column": 0, "op": "lt", "value": 3}"#);
    assert_eq!(results.summary(user, id, 0, few).await.unwrap().rows, 3);
    let summary = results.summary(user, id, 1, None).await.unwrap();
    assert_eq!((summary.min.as_deref(), summary.longest), (Some("\"\""), Some(2)));
    let summary = results.summary(user, id, 2, None).await.unwrap();
    assert_eq!((summary.max.as_deref(), summary.nulls), (Some("49.5"), 0), "NaN counts for nothing");
    let distinct = results.distinct(user, id, 1, 2, None, None).await.unwrap();
    assert_eq!(distinct.values, [("\"b\"".to_owned(), 34), ("\"\"".to_owned(), 33)]);
    assert_eq!((distinct.distinct, distinct.complete), (3, true));
    let distinct = results.distinct(user, id, 1, 10, Some("A"), few).await.unwrap();
    assert_eq!(distinct.values, [("\"aa\"".to_owned(), 1)]);
    let histogram = results.histogram(user, id, 2, 10, None).await.unwrap();
    assert_eq!((histogram.bins.len(), histogram.nulls, histogram.others), (10, 0, 1));
    assert_eq!(histogram.bins.iter().map(|(_, _, count)| count).sum::<u64>(), 99);
    assert_eq!((histogram.bins[0].0.as_str(), histogram.bins[9].1.as_str()), ("0.0", "49.5"));
    let histogram = results.histogram(user, id, 3, 10, None).await.unwrap();
    assert_eq!(histogram.bins, [("\"2024-01-31T00:00:00Z\"".to_owned(), "\"2024-01-31T00:00:00Z\"".to_owned(), 100)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named() {
    let scene = Scene::sqlite().await;
    let columns = [("n", ColumnType::Integer), ("t", ColumnType::String)];
    let id = scene.write(&columns, &[vec![json!("1"), json!("a")]]).await;
    let field = async |request: RowsRequest| match scene.results.rows(&scene.user, id, &request).await {
        Err(ResultsError::Query { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let good = RowsRequest { offset: 0, limit: 10, columns: None, view: ViewRequest::default() };
    for limit in [0, 1_001] {
        assert_eq!(field(RowsRequest { limit, ..good.clone() }).await, "limit");
    }
    assert_eq!(field(RowsRequest { columns: Some(vec![2]), ..good.clone() }).await, "columns");
    for sort in ["2", "0:up", "x", "0,0,0,0,0,0,0,0,0"] {
        let view = ViewRequest { sort: Some(sort.into()), filter: None };
        assert_eq!(field(RowsRequest { view, ..good.clone() }).await, "sort");
    }
    let deep = format!("{}{{\"column\":0,\"op\":\"is_null\"}}{}", "{\"not\":".repeat(8), "}".repeat(8));
    let many = json!({"or": vec![json!({"column": 0, "op": "is_null"}); 101]}).to_string();
    for (filter, expected) in [
        ("[", "filter"),
        ("[]", "filter"),
        ("{}", "filter.column"),
        (r#"{"column": 2, "op": "eq", "value": 1}"#, "filter.column"),
        (r#"{"column": 0, "op": "like", "value": 1}"#, "filter.op"),
        (r#"{"column": 0, "op": "eq", "value": "x"}"#, "filter.value"),
        (r#"{"column": 0, "op": "eq", "value": 1.5}"#, "filter.value"),
        (r#"{"column": 0, "op": "eq"}"#, "filter.value"),
        (r#"{"column": 0, "op": "contains", "value": "1"}"#, "filter.op"),
        (r#"{"column": 0, "op": "is_null", "value": 1}"#, "filter.value"),
        (r#"{"column": 0, "op": "eq", "value": 1, "colour": 2}"#, "filter.colour"),
        (r#"{"column": 0, "op": "eq", "value": 1, "ignore_case": true}"#, "filter.ignore_case"),
        (r#"{"and": [], "or": []}"#, "filter"),
        (r#"{"and": {}}"#, "filter.and"),
        (r#"{"and": [{"column": 0, "op": "is_null"}, {"or": [1]}]}"#, "filter.and.1.or.0"),
        (r#"{"column": 0, "op": "in", "value": []}"#, "filter.value"),
        (r#"{"column": 0, "op": "in", "value": [1, "x"]}"#, "filter.value.1"),
        (&deep, "filter.not.not.not.not.not.not.not.not"),
        (&many, "filter.or.100"),
        (&"x".repeat(20_000), "filter"),
    ] {
        let view = ViewRequest { sort: None, filter: Some(filter.into()) };
        assert_eq!(field(RowsRequest { view, ..good.clone() }).await, expected, "{filter:.200}");
    }
    for refused in [
        scene.results.histogram(&scene.user, id, 1, 10, None).await.map(drop),
        scene.results.summary(&scene.user, id, 2, None).await.map(drop),
        scene.results.distinct(&scene.user, id, 0, 0, None, None).await.map(drop),
    ] {
        assert!(matches!(refused, Err(ResultsError::Query { .. })), "{refused:?}");
    }
}
