//! What is told of a result in some lines, counted while it is written: how many rows, and what is in the columns.

use std::cmp::Ordering;
use std::fmt::Write as _;

use bricklayer_domain::{ColumnType, MAX_REFERENCE_COLUMNS, ResultColumn, ResultContent, ResultRef, ResultState, cut};

use crate::column::{Column, Rows, Value};
use crate::error::Broken;
use crate::parse::Cell;
use crate::write;

/// Bytes of the text that a column's smallest and largest values are told with.
const MAX_SHOWN_BYTES: usize = 60;
/// Bytes of what is told of a result's columns; protects the model's context.
const MAX_TOLD_BYTES: usize = 3 * 1024;

/// The columns of a table in a few numbers each.
#[derive(Clone, Default)]
pub(crate) struct Shape {
    columns: Vec<Extent>,
}

#[derive(Clone)]
struct Extent {
    kind: ColumnType,
    nulls: u64,
    /// The smallest and the largest value; of texts their beginnings.
    range: Option<(Cell<'static>, Cell<'static>)>,
}

impl Extent {
    /// Whether its values have an order that says something.
    const fn is_ordered(&self) -> bool {
        !matches!(self.kind, ColumnType::Binary | ColumnType::Json)
    }

    fn take(&mut self, value: Value<'_>) {
        let value = match value {
            Value::Null => {
                self.nulls += 1;
                return;
            }
            Value::Double(number) if number.is_nan() => return,
            Value::Float(number) if number.is_nan() => return,
            // One byte more tells that it is cut.
            Value::Text(text) => Value::Text(cut(text, MAX_SHOWN_BYTES + 1)),
            value => value,
        };
        match &mut self.range {
            None => self.range = Some((Cell::of(value), Cell::of(value))),
            Some((min, max)) => {
                if value.order(&min.value()) == Ordering::Less {
                    *min = Cell::of(value);
                } else if value.order(&max.value()) == Ordering::Greater {
                    *max = Cell::of(value);
                }
            }
        }
    }
}

impl Shape {
    pub(crate) fn new(columns: &[ResultColumn]) -> Self {
        let columns = columns.iter().take(MAX_REFERENCE_COLUMNS);
        Self { columns: columns.map(|column| Extent { kind: column.kind, nulls: 0, range: None }).collect() }
    }

    pub(crate) fn add(&mut self, rows: &Rows) -> Result<(), Broken> {
        for (extent, array) in self.columns.iter_mut().zip(&rows.columns) {
            if extent.is_ordered() {
                Column::of(extent.kind, array)?.values().for_each(|value| extent.take(value));
            } else {
                extent.nulls += array.null_count() as u64;
            }
        }
        Ok(())
    }

    /// What a model is told of a result behind the text of the tool that made it.
    pub(crate) fn told(&self, result: &ResultRef, columns: usize) -> String {
        let id = result.id;
        let title = result.head.title.as_ref().map(|title| format!(" \"{}\"", line(title))).unwrap_or_default();
        let size = match result.head.content {
            ResultContent::Table => format!("{} rows, {columns} columns", result.rows),
            ResultContent::Text | ResultContent::Image | ResultContent::File => format!("{} bytes", result.bytes),
        };
        let state = match (result.state, result.cut) {
            (ResultState::Complete, None) => "whole".to_owned(),
            (ResultState::Complete, Some(cut)) => format!("not all of it: {}", cut.advice()),
            (_, Some(cut)) => format!("partial: {}", cut.advice()),
            (_, None) => "partial".to_owned(),
        };
        let mut told = format!("\n[result {id}: {}{title}, {size}, {state}.", result.head.content.as_str());
        if result.head.content == ResultContent::Table {
            self.tell_columns(result, columns, &mut told);
        }
        let _ = write!(
            told,
            "\nThe user sees all of it. read_result reads on in it (rows, filters, aggregates) without asking the \
             workspace again; cite it as [text](result:{id}), a row as [text](result:{id}/ROW).]"
        );
        told
    }

    fn tell_columns(&self, result: &ResultRef, columns: usize, told: &mut String) {
        let mut room = MAX_TOLD_BYTES;
        let mut left_out = columns.saturating_sub(self.columns.len().min(result.head.columns.len()));
        for (extent, column) in self.columns.iter().zip(&result.head.columns) {
            let one = extent.tell(column, result.rows);
            if one.len() > room {
                left_out += 1;
                continue;
            }
            room -= one.len();
            told.push_str(&one);
        }
        if left_out > 0 {
            let _ = write!(told, "\n- and {left_out} more columns");
        }
    }
}

impl Extent {
    fn tell(&self, column: &ResultColumn, rows: u64) -> String {
        let kind = column.source_type.as_deref().map_or_else(|| format!("{:?}", column.kind), line);
        let mut told = format!("\n- {} {}", line(&column.name), cut(&kind, MAX_SHOWN_BYTES));
        if self.nulls > 0 {
            let share = self.nulls as f64 / rows.max(1) as f64 * 100.0;
            let _ = write!(told, ", {} NULL ({share:.1} %)", self.nulls);
        }
        if let Some((min, max)) = &self.range {
            let _ = match min == max {
                true => write!(told, ", always {}", shown(min)),
                false => write!(told, ", {} to {}", shown(min), shown(max)),
            };
        }
        told
    }
}

/// A text in one line.
fn line(text: &str) -> String {
    let short = cut(text, MAX_SHOWN_BYTES * 2);
    short.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn shown(cell: &Cell<'_>) -> String {
    let mut text = String::new();
    write::text(cell.value(), &mut text);
    let short = line(cut(&text, MAX_SHOWN_BYTES));
    let dots = if text.len() > MAX_SHOWN_BYTES { "…" } else { "" };
    match cell {
        Cell::Text(_) => format!("\"{short}{dots}\""),
        _ => short,
    }
}
