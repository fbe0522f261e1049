//! Text with separators: CSV after RFC 4180, and TSV as databases read it.

use bricklayer_domain::{ColumnType, ResultColumn};

use super::{Exporter, TextChoices};
use crate::column::{Column, Rows, Value};
use crate::error::ResultsError;
use crate::write;

/// What a spreadsheet takes for the beginning of a formula. Source: OWASP, CSV injection.
const FORMULA_SIGNS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(super) struct Separated {
    kinds: Vec<ColumnType>,
    tabs: bool,
    escape_formulas: bool,
    room: String,
}

impl Separated {
    pub(super) fn csv(columns: &[ResultColumn], choices: TextChoices, out: &mut Vec<u8>) -> Self {
        Self::new(columns, choices, false, out)
    }

    pub(super) fn tsv(columns: &[ResultColumn], choices: TextChoices, out: &mut Vec<u8>) -> Self {
        Self::new(columns, choices, true, out)
    }

    fn new(columns: &[ResultColumn], choices: TextChoices, tabs: bool, out: &mut Vec<u8>) -> Self {
        let kinds = columns.iter().map(|column| column.kind).collect();
        let mut writer = Self { kinds, tabs, escape_formulas: choices.escape_formulas, room: String::new() };
        if choices.header {
            for (index, column) in columns.iter().enumerate() {
                writer.separate(index, out);
                writer.cell(Value::Text(&column.name), out);
            }
            writer.end_line(out);
        }
        writer
    }

    fn separate(&self, index: usize, out: &mut Vec<u8>) {
        if index > 0 {
            out.push(if self.tabs { b'\t' } else { b',' });
        }
    }

    fn end_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.tabs { b"\n" } else { b"\r\n" });
    }

    fn cell(&mut self, value: Value<'_>, out: &mut Vec<u8>) {
        if value.is_null() {
            // Nothing, where an empty text is a pair of quotes.
            out.extend_from_slice(if self.tabs { b"\\N" } else { b"" });
            return;
        }
        self.room.clear();
        if let Value::Text(text) = value
            && self.escape_formulas
            && text.starts_with(FORMULA_SIGNS)
        {
            self.room.push('\'');
        }
        write::text(value, &mut self.room);
        if self.tabs {
            for byte in self.room.bytes() {
                match byte {
                    b'\t' => out.extend_from_slice(b"\\t"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    byte => out.push(byte),
                }
            }
            return;
        }
        let edged = self.room.starts_with(char::is_whitespace) || self.room.ends_with(char::is_whitespace);
        let quoted = self.room.is_empty() || edged || self.room.contains(['"', ',', '\r', '\n']);
        if !quoted {
            out.extend_from_slice(self.room.as_bytes());
            return;
        }
        out.push(b'"');
        for byte in self.room.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
}

impl Exporter for Separated {
    fn rows(&mut self, rows: &Rows, out: &mut Vec<u8>) -> Result<(), ResultsError> {
        let columns = self.kinds.iter().zip(&rows.columns).map(|(kind, array)| Column::of(*kind, array));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..rows.count {
            for (index, column) in columns.iter().enumerate() {
                self.separate(index, out);
                self.cell(column.value(row), out);
            }
            self.end_line(out);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<(), ResultsError> {
        Ok(())
    }
}
