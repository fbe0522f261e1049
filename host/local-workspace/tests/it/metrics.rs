//! Metric views: made from YAML, asked with MEASURE.

use serde_json::{Value, json};

use crate::{
    grants::run,
    harness::{ANN, BOB, Lab},
};

const GROUND: [&str; 8] = [
    "CREATE TABLE sales (region STRING, day DATE, amount INT, k INT)",
    "INSERT INTO sales VALUES ('n', DATE'2026-01-01', 10, 1), ('n', DATE'2026-02-01', 30, 2), ('s', DATE'2026-01-05', 5, 1), \
     ('x', DATE'2026-01-05', -1, 9)",
    "CREATE TABLE kinds (k INT, label STRING)",
    "INSERT INTO kinds VALUES (1, 'one'), (2, 'two')",
    "CREATE VIEW main.default.m WITH METRICS LANGUAGE YAML AS $$
version: 1.1
comment: What was sold
source: sales
filter: amount > 0
joins:
  - name: kind
    source: main.default.kinds
    on: source.k = kind.k
dimensions:
  - name: region
    expr: upper(source.region)
  - name: month
    expr: month(day)
  - name: label
    expr: kind.label
measures:
  - {name: total, expr: sum(amount), comment: all of it}
  - {name: orders, expr: count(*)}
  - {name: mean, expr: MEASURE(total) / MEASURE(orders)}
  - {name: first month, expr: sum(amount) FILTER (WHERE month(day) = 1)}
$$",
    "CREATE VIEW main.default.of_query WITH METRICS LANGUAGE YAML AS $$ {version: 0.1, source: 'SELECT 1 AS a UNION ALL SELECT 2', \
     fields: [{name: a, expr: a}], measures: [{name: n, expr: count(1)}]} $$",
    "GRANT SELECT ON VIEW main.default.m TO `bob@example.com`",
    "CREATE VIEW over AS SELECT region, MEASURE(total) AS t FROM m GROUP BY region",
];

#[tokio::test(flavor = "multi_thread")]
async fn measures_are_asked_by_any_dimension() {
    let lab = Lab::start().await;
    for statement in GROUND {
        lab.sql(statement).await;
    }
    let lab = Lab::start_in(lab.stop().await).await;
    for (statement, expected) in [
        ("SELECT region, MEASURE(total) FROM m GROUP BY region ORDER BY region", json!([["N", "40"], ["S", "5"]])),
        ("SELECT MEASURE(total), measure(orders) AS o FROM main.default.m", json!([["45", "3"]])),
        (
            "SELECT q.region, q.month, MEASURE(q.mean) AS a FROM m AS q WHERE q.month < 3 GROUP BY ALL ORDER BY a DESC LIMIT 2",
            json!([["N", "2", "30.0"], ["N", "1", "10.0"]]),
        ),
        ("SELECT label, MEASURE(total) FROM m GROUP BY 1 HAVING MEASURE(orders) > 1", json!([["one", "15"]])),
        ("SELECT region, MEASURE(`first month`) FROM m GROUP BY region ORDER BY 2", json!([["S", "5"], ["N", "10"]])),
        ("SELECT DISTINCT month FROM m ORDER BY month", json!([["1"], ["2"]])),
        (
            "WITH r AS (SELECT region, MEASURE(total) AS t FROM m GROUP BY region) SELECT r.t, k.label FROM r JOIN kinds k ON k.k = 1 \
             ORDER BY 1",
            json!([["5", "one"], ["40", "one"]]),
        ),
        (
            "SELECT MEASURE(total) FROM m WHERE region IN (SELECT upper(region) FROM sales WHERE amount > 20)",
            json!([["40"]]),
        ),
        ("SELECT * FROM over ORDER BY t", json!([["S", "5"], ["N", "40"]])),
        ("SELECT MEASURE(n) FROM of_query WHERE a > 1", json!([["1"]])),
        ("SELECT table_type FROM information_schema.tables WHERE table_name = 'm'", json!([["METRIC_VIEW"]])),
        (
            "DESCRIBE m",
            json!([
                ["region", "string", null],
                ["month", "int", null],
                ["label", "string", null],
                ["total", "bigint", "all of it"],
                ["orders", "bigint", null],
                ["mean", "double", null],
                ["first month", "bigint", null]
            ]),
        ),
    ] {
        assert_eq!(lab.sql(statement).await, expected, "{statement}");
    }
    // The source is the owner's to read.
    let asked = run(&lab, BOB, "SELECT MEASURE(total) FROM m").await;
    assert_eq!(lab.rows(&asked), json!([["45"]]));
    let names = lab.submit("SELECT region, MEASURE(total) FROM m GROUP BY region", json!({})).await;
    assert_eq!(names["manifest"]["schema"]["columns"][1]["name"], "measure(total)", "{names}");
    let told = lab.sql("DESCRIBE TABLE EXTENDED m AS JSON").await;
    let told: Value = serde_json::from_str(told[0][0].as_str().unwrap()).unwrap();
    assert_eq!((&told["type"], &told["columns"][3]["is_measure"]), (&json!("METRIC_VIEW"), &json!(true)), "{told:#}");
    let table = lab.get("/api/2.1/unity-catalog/tables/main.default.m").await;
    assert_eq!((&table["table_type"], &table["comment"]), (&json!("METRIC_VIEW"), &json!("What was sold")));
    for (token, statement, class) in [
        (ANN, "SELECT region, total FROM m", "METRIC_VIEW_MISSING_MEASURE_FUNCTION"),
        (ANN, "SELECT * FROM m", "METRIC_VIEW_MISSING_MEASURE_FUNCTION"),
        (ANN, "SELECT MEASURE(total) FROM m JOIN kinds ON true", "METRIC_VIEW_JOIN_NOT_SUPPORTED"),
        (ANN, "SELECT MEASURE(m.total) FROM kinds JOIN m ON true", "METRIC_VIEW_JOIN_NOT_SUPPORTED"),
        (ANN, "SELECT MEASURE(region) FROM m", "UNSUPPORTED_METRIC_VIEW_USAGE.MEASURE_REQUIRES_EXACTLY_ONE_COLUMN"),
        (ANN, "SELECT amount, MEASURE(total) FROM m GROUP BY ALL", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
        (BOB, "SELECT MEASURE(n) FROM of_query", "INSUFFICIENT_PERMISSIONS"),
        (ANN, "ALTER VIEW m AS SELECT 1 AS a", "UNSUPPORTED_FEATURE"),
        (ANN, "DESCRIBE TABLE m AS JSON", "DESCRIBE_JSON_NOT_EXTENDED"),
        (ANN, "CREATE VIEW bad WITH METRICS LANGUAGE YAML AS $$ version: 7 $$", "METRIC_VIEW_INVALID_VIEW_DEFINITION"),
        (
            ANN,
            "CREATE VIEW bad WITH METRICS LANGUAGE YAML AS $$ {version: 1.1, source: sales, measures: [{name: n, expr: sum(nosuch)}]} $$",
            "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        ),
        (
            ANN,
            "CREATE VIEW bad WITH METRICS LANGUAGE YAML AS $$ {version: 1.1, source: sales, measures: [{name: n, expr: '(SELECT max(k) FROM kinds)'}]} $$",
            "METRIC_VIEW_INVALID_VIEW_DEFINITION",
        ),
    ] {
        let answer = run(&lab, token, statement).await;
        let message = answer["status"]["error"]["message"].as_str().unwrap_or("no error");
        assert!(message.starts_with(&format!("[{class}]")), "{statement}: {message}");
    }
    lab.stop().await;
}
