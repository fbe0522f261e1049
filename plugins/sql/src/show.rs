//! Results as text for the model and as the typed rows for the page.

use std::time::Duration;

use bricklayer_databricks::statement::{Column, Kept, Rows, State};
use bricklayer_databricks::warehouse::Choice;
use bricklayer_sdk::{Cut, Table};

use crate::types;

/// The rows as a Markdown table with their number, and plain words on what is missing.
pub(crate) fn rows_text(rows: &Rows, cut: Cut) -> String {
    if rows.columns.is_empty() {
        return "Done; the statement returns no rows.".to_owned();
    }
    let names: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
    let table = Table::render(&names, &rows.rows, cut);
    let mut text = format!("{}\n\n({})", table.text, count_text(rows, table.shown));
    if table.cells_cut > 0 {
        text.push_str(&format!(
            "\n{} wide cells are cut here; the user's table has them whole, substr() or a JSON path selects a part.",
            table.cells_cut
        ));
    }
    text
}

fn count_text(rows: &Rows, shown: usize) -> String {
    let fetched = rows.rows.len();
    if let Some(kept) = &rows.kept {
        return kept_text(rows, kept, shown);
    }
    let more =
        "To see others use ORDER BY with LIMIT and OFFSET, a WHERE, or aggregate; row_limit fetches up to 10000.";
    match rows.total {
        Some(total) if total == shown as u64 => plural(shown),
        Some(total) if total == fetched as u64 => {
            format!("showing {shown} of {total} rows; all {total} were fetched for the user's table. {more}")
        }
        Some(total) => {
            format!("showing {shown} of {total} rows; truncated: {fetched} were fetched for the user's table. {more}")
        }
        None if rows.truncated => {
            format!("showing {shown} rows; truncated: {fetched} were fetched and the result has more. {more}")
        }
        None if shown < fetched => {
            format!("showing {shown} of {fetched} rows; all were fetched for the user's table. {more}")
        }
        None => plural(fetched),
    }
}

/// What is shown of rows that are kept whole; the host says where and how to read on.
fn kept_text(rows: &Rows, kept: &Kept, shown: usize) -> String {
    let all = kept.rows.max(shown as u64);
    let count = match rows.total {
        Some(total) if total == shown as u64 => plural(shown),
        Some(total) if total == kept.rows => format!("showing {shown} of {total} rows; all are kept as a result"),
        Some(total) => format!("showing {shown} of {total} rows; {all} are kept as a result"),
        // What is cut says so itself.
        None if all == shown as u64 && (kept.cut.is_some() || !rows.truncated) => plural(shown),
        None if kept.cut.is_some() => format!("showing {shown} of the {all} rows that are kept as a result"),
        None => format!("showing {shown} rows; {all} are kept as a result, and the statement's result has more"),
    };
    kept.cut.as_ref().map_or(count.clone(), |cut| format!("{count}: {cut}"))
}

pub(crate) fn plural(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

pub(crate) fn columns(columns: Vec<Column>) -> Vec<types::Column> {
    columns
        .into_iter()
        .map(|column| types::Column { name: column.name, type_name: column.type_name, type_text: column.type_text })
        .collect()
}

pub(crate) fn warehouse(choice: Choice) -> types::WarehouseUsed {
    types::WarehouseUsed { id: choice.id, name: choice.name, reason: choice.reason }
}

pub(crate) const fn state(state: State) -> types::StatementState {
    match state {
        State::Pending => types::StatementState::Pending,
        State::Running => types::StatementState::Running,
        State::Succeeded => types::StatementState::Succeeded,
        State::Failed => types::StatementState::Failed,
        State::Canceled => types::StatementState::Canceled,
        State::Closed => types::StatementState::Closed,
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(fetched: usize, total: Option<u64>, truncated: bool) -> Rows {
        let columns = vec![Column { name: "n".to_owned(), ..Column::default() }];
        let rows = (0..fetched).map(|n| vec![Some(n.to_string())]).collect();
        Rows { columns, rows, total, truncated, kept: None }
    }

    #[track_caller]
    fn check(rows: &Rows, expect: &str) {
        let text = rows_text(rows, Cut { rows: 2, ..Cut::default() });
        let (_, last) = text.rsplit_once("\n\n(").unwrap();
        assert!(last.starts_with(expect), "{last}");
    }

    #[test]
    fn says_what_is_shown_of_what() {
        check(&rows(0, Some(0), false), "0 rows)");
        check(&rows(1, Some(1), false), "1 row)");
        check(&rows(2, None, false), "2 rows)");
        check(&rows(5, Some(5), false), "showing 2 of 5 rows; all 5 were fetched");
        check(&rows(5, Some(900), true), "showing 2 of 900 rows; truncated: 5 were fetched");
        check(&rows(5, None, true), "showing 2 rows; truncated: 5 were fetched and the result has more.");
    }

    #[test]
    fn says_what_is_kept() {
        let kept = |rows, cut: Option<&str>| Some(Kept { id: "r".to_owned(), rows, cut: cut.map(str::to_owned) });
        check(&Rows { kept: kept(1, None), ..rows(1, Some(1), false) }, "1 row)");
        check(&Rows { kept: kept(900, None), ..rows(5, Some(900), true) }, "showing 2 of 900 rows; all are kept");
        check(
            &Rows { kept: kept(500, Some("too large")), ..rows(5, Some(900), true) },
            "showing 2 of 900 rows; 500 are kept as a result: too large",
        );
        check(&Rows { kept: kept(2, Some("as asked")), ..rows(2, None, true) }, "2 rows: as asked)");
        check(
            &Rows { kept: kept(5, Some("as asked, and there are more")), ..rows(5, None, true) },
            "showing 2 of the 5 rows that are kept as a result: as asked, and there are more",
        );
    }

    #[test]
    fn a_statement_without_a_result_says_so() {
        assert_eq!(rows_text(&Rows::default(), Cut::default()), "Done; the statement returns no rows.");
    }
}
