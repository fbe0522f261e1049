//! Row filters and column masks.

use bricklayer_local_workspace::Token;
use serde_json::json;

use crate::{
    grants::{EVE, check, ground, run},
    harness::{ANN, BOB, Lab},
};

const POLICIES: &str = "
CREATE FUNCTION lab.open.own(owner STRING) RETURNS BOOLEAN RETURN owner = current_user() OR is_account_group_member('admins')
CREATE FUNCTION lab.open.hide(mail STRING, id INT) RETURNS STRING RETURN CASE WHEN is_member('admins') THEN mail ELSE concat('***', CAST(id AS STRING)) END
CREATE TABLE lab.open.people (id INT, owner STRING, mail STRING, note STRING)
INSERT INTO lab.open.people VALUES (1, 'bob@example.com', 'b@x', 'n'), (2, 'eve@example.com', 'e@x', 'n')
CREATE VIEW lab.open.old AS SELECT mail FROM lab.open.people
CREATE FUNCTION lab.open.count_people() RETURNS BIGINT RETURN (SELECT count(*) FROM lab.open.people)
CREATE VIEW lab.open.through AS SELECT lab.open.count_people() AS n
GRANT SELECT ON TABLE lab.open.people TO `account users`
GRANT SELECT ON VIEW lab.open.old TO `account users`
GRANT SELECT ON VIEW lab.open.through TO `account users`
GRANT EXECUTE ON FUNCTION lab.open.count_people TO `account users`
CREATE VIEW lab.open.older (letter) AS SELECT mail FROM lab.open.old
GRANT SELECT ON VIEW lab.open.older TO `account users`
CREATE TABLE lab.open.orders (id INT, owner STRING, n INT)
INSERT INTO lab.open.orders VALUES (1, 'bob@example.com', 1), (2, 'eve@example.com', 1), (3, 'bob@example.com', 1)
ALTER TABLE lab.open.orders SET ROW FILTER lab.open.own ON (owner)
GRANT SELECT, MODIFY ON TABLE lab.open.orders TO `account users`
ALTER TABLE lab.open.people SET ROW FILTER lab.open.own ON (owner)
ALTER TABLE lab.open.people ALTER COLUMN Mail SET MASK lab.open.hide USING COLUMNS (id)
";

#[tokio::test(flavor = "multi_thread")]
async fn row_filters_and_masks_hold_for_every_reader() {
    let lab = ground().await;
    for statement in POLICIES.lines().filter(|line| !line.is_empty()) {
        lab.sql(statement).await;
    }
    let lab = Lab::start_with(lab.stop().await, |config| config.tokens.push(Token::new(EVE, "eve@example.com"))).await;
    let all = "SELECT id, owner, mail FROM lab.open.people ORDER BY id";
    let (bobs, eves) = (json!([["1", "bob@example.com", "***1"]]), json!([["2", "eve@example.com", "***2"]]));
    for (token, statement, expected) in [
        (ANN, all, json!([["1", "bob@example.com", "b@x"], ["2", "eve@example.com", "e@x"]])),
        (BOB, all, bobs.clone()),
        (EVE, all, eves),
        (BOB, all, bobs.clone()),
        (BOB, "SELECT count(*) FROM lab.open.people", json!([["1"]])),
        (BOB, "SELECT id FROM lab.open.people WHERE mail = 'b@x'", json!([])),
        (BOB, "SELECT p.id FROM lab.open.people AS p WHERE p.mail = '***1'", json!([["1"]])),
        (BOB, "SELECT lab.open.people.mail FROM lab.open.people", json!([["***1"]])),
        // What is hidden is not met by a condition either.
        (BOB, "SELECT id FROM lab.open.people WHERE 1 / (id - 2) IS NOT NULL", json!([["1"]])),
        (BOB, "WITH people AS (SELECT * FROM lab.open.people) SELECT mail FROM people", json!([["***1"]])),
        (BOB, "SELECT (SELECT max(id) FROM lab.open.people)", json!([["1"]])),
        (
            BOB,
            "SELECT a.mail, b.mail FROM lab.open.people a JOIN lab.open.people b USING (id)",
            json!([["***1", "***1"]]),
        ),
        (BOB, "DESCRIBE QUERY SELECT mail FROM lab.open.people", json!([["mail", "string", null]])),
        (BOB, "CREATE TABLE lab.made.copy AS SELECT id, owner, mail FROM lab.open.people", json!([])),
        (BOB, "SELECT * FROM lab.made.copy", bobs),
        (BOB, "INSERT INTO lab.made.copy SELECT id, owner, mail FROM lab.open.people", json!([["1", "1"]])),
        (BOB, "DELETE FROM lab.made.copy WHERE id IN (SELECT id FROM lab.open.people)", json!([["2"]])),
        // Views show what their readers may see.
        (BOB, "SELECT * FROM lab.open.old", json!([["***1"]])),
        (EVE, "SELECT letter FROM lab.open.older", json!([["***2"]])),
        (ANN, "SELECT letter FROM lab.open.older ORDER BY 1", json!([["b@x"], ["e@x"]])),
        (
            ANN,
            "CREATE VIEW lab.open.new (a, b) AS SELECT id, o.letter FROM lab.open.people, lab.open.older o",
            json!([]),
        ),
        (ANN, "GRANT SELECT ON VIEW lab.open.new TO `account users`", json!([])),
        (BOB, "SELECT * FROM lab.open.new", json!([["1", "***1"]])),
        (ANN, "SELECT count(*), min(b) FROM lab.open.new", json!([["4", "b@x"]])),
        (ANN, "ALTER VIEW lab.open.new AS SELECT count(*) AS n FROM lab.open.people", json!([])),
        (EVE, "SELECT n FROM lab.open.new", json!([["1"]])),
        // A change meets the rows that its author sees, with the values that they see.
        (ANN, "GRANT MODIFY ON TABLE lab.open.people TO `eve@example.com`", json!([])),
        (EVE, "UPDATE lab.open.people SET note = mail, owner = DEFAULT WHERE mail = 'b@x'", json!([["0"]])),
        (EVE, "UPDATE lab.open.people AS p SET note = concat(mail, p.note) WHERE p.id < 9", json!([["1"]])),
        (EVE, "DELETE FROM lab.open.people WHERE id = 1 OR people.mail = 'e@x'", json!([["0"]])),
        (ANN, "SELECT id, note FROM lab.open.people ORDER BY id", json!([["1", "n"], ["2", "***2n"]])),
        (EVE, "DELETE FROM lab.open.orders", json!([["1"]])),
        (
            EVE,
            "MERGE INTO lab.open.orders USING (VALUES (1, 'eve@example.com'), (9, 'eve@example.com')) AS s (id, owner) \
             ON orders.id = s.id WHEN MATCHED THEN UPDATE SET n = 5 WHEN NOT MATCHED THEN INSERT (id, owner, n) \
             VALUES (s.id, s.owner, 7) WHEN NOT MATCHED BY SOURCE THEN DELETE",
            json!([["2", "0", "0", "2"]]),
        ),
        (
            EVE,
            "MERGE INTO lab.open.orders AS o USING (VALUES (1), (3)) AS s (id) ON o.id = s.id \
             WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED BY SOURCE AND o.n = 7 THEN DELETE",
            json!([["2", "1", "1", "0"]]),
        ),
        (
            ANN,
            "SELECT id, owner, n FROM lab.open.orders ORDER BY id, owner",
            json!([["1", "bob@example.com", "1"], ["1", "eve@example.com", "8"], ["3", "bob@example.com", "1"]]),
        ),
    ] {
        let answer = run(&lab, token, statement).await;
        assert_eq!(lab.rows(&answer), expected, "{token}: {statement}");
    }
    check(
        &lab,
        &[
            (BOB, "SELECT * FROM lab.open.through", "[UNSUPPORTED_FEATURE]"),
            (BOB, "SELECT lab.open.count_people()", "[UNSUPPORTED_FEATURE]"),
            (
                ANN,
                "CREATE FUNCTION lab.open.n() RETURNS INT RETURN (SELECT max(id) FROM lab.open.people)",
                "[UNSUPPORTED_FEATURE]",
            ),
            (ANN, "CREATE TABLE lab.open.twin SHALLOW CLONE lab.open.people", "[UNSUPPORTED_FEATURE]"),
            (ANN, "CREATE OR REPLACE TABLE lab.open.people (id INT)", "[UNSUPPORTED_FEATURE]"),
            (
                ANN,
                "MERGE INTO lab.open.people USING lab.open.t s ON people.id = s.id WHEN MATCHED THEN DELETE",
                "[UNSUPPORTED_FEATURE]",
            ),
            (BOB, "UPDATE lab.open.people SET note = 'x'", "MODIFY on Table 'lab.open.people'"),
            (
                ANN,
                "INSERT INTO lab.open.people REPLACE WHERE id = 1 SELECT * FROM lab.open.people",
                "[UNSUPPORTED_FEATURE]",
            ),
            (
                ANN,
                "CREATE OR REPLACE VIEW lab.open.old AS SELECT letter AS mail FROM lab.open.older",
                "[RECURSIVE_VIEW]",
            ),
            (ANN, "ALTER TABLE lab.open.people DROP COLUMN owner", "[UNSUPPORTED_FEATURE]"),
            (ANN, "ALTER TABLE lab.open.people RENAME COLUMN mail TO letter", "[UNSUPPORTED_FEATURE]"),
            (ANN, "ALTER TABLE lab.open.people RENAME COLUMN note TO remark", ""),
            (ANN, "INSERT INTO lab.open.people VALUES (3, 'bob@example.com', 'c@x', 'n')", ""),
            (BOB, "ALTER TABLE lab.open.people DROP ROW FILTER", "MANAGE on Table 'lab.open.people'"),
            (BOB, "ALTER TABLE lab.open.t SET ROW FILTER lab.open.own ON (name)", "MANAGE on Table 'lab.open.t'"),
            (
                BOB,
                "ALTER TABLE lab.open.mine SET ROW FILTER lab.open.own ON (name)",
                "EXECUTE on Routine or Model 'lab.open.own'",
            ),
            (
                ANN,
                "ALTER TABLE lab.open.t SET ROW FILTER lab.open.own ON (name, id)",
                "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION]",
            ),
            (ANN, "ALTER TABLE lab.open.t SET ROW FILTER lab.open.f ON (id)", "[DATATYPE_MISMATCH]"),
            (ANN, "ALTER TABLE lab.open.t ALTER COLUMN name SET MASK lab.open.own", "[DATATYPE_MISMATCH]"),
            (ANN, "ALTER TABLE lab.open.t SET ROW FILTER lab.open.own ON (nosuch)", "[UNRESOLVED_COLUMN"),
            (ANN, "ALTER TABLE lab.open.t SET ROW FILTER lab.open.nosuch ON (name)", "[UNRESOLVED_ROUTINE]"),
            (ANN, "CREATE TABLE lab.open.x (id INT) WITH ROW FILTER lab.open.own ON (id)", "[UNSUPPORTED_FEATURE]"),
            (ANN, "CREATE TABLE lab.open.x (id INT MASK lab.open.f)", "[UNSUPPORTED_FEATURE]"),
            (ANN, "CREATE VIEW lab.open.x WITH METRICS LANGUAGE YAML AS $$ version: 1 $$", "["),
        ],
    )
    .await;
    let table = lab.get("/api/2.1/unity-catalog/tables/lab.open.people").await;
    let filter = json!({"function_name": "lab.open.own", "input_column_names": ["owner"]});
    let mask = json!({"function_name": "lab.open.hide", "using_column_names": ["id"]});
    assert_eq!((&table["row_filter"], &table["columns"][2]["mask"]), (&filter, &mask), "{table:#}");
    lab.sql("ALTER TABLE lab.open.people DROP ROW FILTER").await;
    lab.sql("ALTER TABLE lab.open.people ALTER COLUMN mail DROP MASK").await;
    let answer = run(&lab, BOB, "SELECT mail FROM lab.open.old ORDER BY 1").await;
    assert_eq!(lab.rows(&answer), json!([["b@x"], ["c@x"], ["e@x"]]));
    lab.stop().await;
}
