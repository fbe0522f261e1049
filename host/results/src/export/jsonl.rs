//! JSON Lines: an object per row.

use bricklayer_domain::{ColumnType, ResultColumn};

use super::{Exporter, unique_names};
use crate::column::{Column, Rows};
use crate::error::ResultsError;
use crate::write;

pub(super) struct JsonLines {
    kinds: Vec<ColumnType>,
    /// Each as JSON, with what stands around it.
    names: Vec<Vec<u8>>,
    room: String,
}

impl JsonLines {
    pub(super) fn new(columns: &[ResultColumn]) -> Self {
        let names = unique_names(columns).into_iter().enumerate().map(|(index, name)| {
            let mut before = if index == 0 { Vec::new() } else { vec![b','] };
            write::json_string(&name, &mut before);
            before.push(b':');
            before
        });
        Self { kinds: columns.iter().map(|column| column.kind).collect(), names: names.collect(), room: String::new() }
    }
}

impl Exporter for JsonLines {
    fn rows(&mut self, rows: &Rows, out: &mut Vec<u8>) -> Result<(), ResultsError> {
        let columns = self.kinds.iter().zip(&rows.columns).map(|(kind, array)| Column::of(*kind, array));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..rows.count {
            out.push(b'{');
            for ((name, kind), column) in self.names.iter().zip(&self.kinds).zip(&columns) {
                out.extend_from_slice(name);
                write::exact_json(*kind, column.value(row), &mut self.room, out);
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> Result<(), ResultsError> {
        Ok(())
    }
}
