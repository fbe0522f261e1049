//! Tables described, as Markdown.

use bricklayer_databricks::warehouse::Choice;
use bricklayer_sdk::{Cut, Table};

use crate::types::{ColumnDetails, StatLevel, TableDetails};

/// Bytes of text over all tables.
const MAX_TEXT_BYTES: usize = 40 * 1024;

/// Names listed of tables that were not described.
const MAX_NAMES_LISTED: usize = 200;

pub(super) fn render(
    schema: &str,
    tables: &[TableDetails],
    not_described: &[String],
    level: StatLevel,
    choice: Option<&Choice>,
) -> String {
    if tables.is_empty() {
        return format!("{schema} has no such tables. SHOW TABLES IN {schema} lists those it has.");
    }
    let cut = Cut { rows: usize::MAX, bytes: MAX_TEXT_BYTES / tables.len(), cell_chars: 200 };
    let mut sections: Vec<String> = tables.iter().map(|table| section(table, level, cut)).collect();
    if !not_described.is_empty() {
        let names: Vec<&str> = not_described.iter().take(MAX_NAMES_LISTED).map(String::as_str).collect();
        let more = not_described.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        sections.push(format!(
            "{} further tables were not described: {}{more}. Name them in table_names.",
            not_described.len(),
            names.join(", ")
        ));
    }
    if let Some(choice) = choice.filter(|choice| choice.automatic) {
        sections.push(format!("Warehouse: {}, {}.", choice.shown(), choice.reason));
    }
    sections.join("\n\n")
}

fn section(table: &TableDetails, level: StatLevel, cut: Cut) -> String {
    let mut facts: Vec<String> = [table.table_type.clone(), table.format.clone()].into_iter().flatten().collect();
    facts.extend(table.row_count.map(|n| format!("{n} rows")));
    facts.extend(table.owner.as_ref().map(|owner| format!("owner {owner}")));
    let mut text = format!("## {}\n{}", table.name, facts.join(", "));
    if let Some(comment) = &table.comment {
        text.push_str(&format!("\n{comment}"));
    }
    if let Some(problem) = &table.problem {
        text.push_str(&format!("\nProblem: {problem}"));
    }
    if table.columns.is_empty() {
        return text;
    }
    let heads = heads(level, table);
    let names: Vec<&str> = heads.iter().map(|(name, _)| *name).collect();
    let rows: Vec<Vec<Option<String>>> =
        table.columns.iter().map(|column| heads.iter().map(|(_, value)| value(column)).collect()).collect();
    let rendered = Table::render(&names, &rows, cut);
    text.push_str(&format!("\n\n{}", rendered.text));
    if rendered.shown < rows.len() {
        text.push_str(&format!("\n\n(showing {} of {} columns)", rendered.shown, rows.len()));
    }
    if !table.sample_rows.is_empty() {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let sample = Table::render(&names, &table.sample_rows, Cut { bytes: cut.bytes / 2, cell_chars: 60, ..cut });
        text.push_str(&format!("\n\nSample rows:\n\n{}", sample.text));
    }
    text
}

type Head = (&'static str, fn(&ColumnDetails) -> Option<String>);

/// The columns of the table of columns: those that say something.
fn heads(level: StatLevel, table: &TableDetails) -> Vec<Head> {
    let mut heads: Vec<Head> = vec![("column", |c| Some(c.name.clone())), ("type", |c| Some(c.type_text.clone()))];
    if level != StatLevel::None {
        heads.push(("nulls", |c| c.null_count.map(|n| n.to_string())));
        heads.push(("distinct ≈", |c| c.distinct_count.map(|n| n.to_string())));
        heads.push(("min", |c| c.min.clone()));
        heads.push(("max", |c| c.max.clone()));
        heads.push(("mean", |c| c.mean.map(short)));
        if level == StatLevel::Detailed {
            heads.push(("stddev", |c| c.stddev.map(short)));
            heads.push(("quartiles ≈", |c| {
                let [Some(q1), Some(median), Some(q3)] = [c.q1, c.median, c.q3] else { return None };
                Some(format!("{} / {} / {}", short(q1), short(median), short(q3)))
            }));
        }
        heads.push(("values", values));
    }
    if table.columns.iter().any(|column| column.comment.is_some()) {
        heads.push(("comment", |c| c.comment.clone()));
    }
    heads
}

/// Frequent values where they were counted, else samples.
fn values(column: &ColumnDetails) -> Option<String> {
    if column.frequent_values.is_empty() {
        return (!column.samples.is_empty()).then(|| column.samples.join(", "));
    }
    let shown =
        column.frequent_values.iter().map(|v| format!("{} ({})", v.value.as_deref().unwrap_or("NULL"), v.count));
    Some(shown.collect::<Vec<_>>().join(", "))
}

fn short(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
