//! Many rows in few statements.

use crate::engine::{Arg, Sql, Tx};

/// Rows of one statement. Powers of two, so that few statements serve every count and each is prepared once per
/// connection.
const SIZES: [usize; 6] = [32, 16, 8, 4, 2, 1];

/// An `insert` of rows with so many columns.
pub(crate) struct MultiInsert<const COLUMNS: usize> {
    statements: Vec<(usize, Sql)>,
}

impl<const COLUMNS: usize> MultiInsert<COLUMNS> {
    /// From what comes before the rows, and after.
    pub(crate) fn new(before: &str, after: &str) -> Self {
        let statement = |size: usize| {
            let rows: Vec<String> = (0..size)
                .map(|row| {
                    let places: Vec<String> =
                        (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
                    format!("({})", places.join(", "))
                })
                .collect();
            Sql::Built(format!("{before} {} {after}", rows.join(", ")).into())
        };
        Self { statements: SIZES.into_iter().map(|size| (size, statement(size))).collect() }
    }

    pub(crate) async fn execute(&self, tx: &mut Tx, rows: &[[Arg<'_>; COLUMNS]]) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        for (size, sql) in &self.statements {
            while let Some((now, later)) = rest.split_at_checked(*size) {
                tx.execute(sql.clone(), now.as_flattened()).await?;
                rest = later;
            }
        }
        Ok(())
    }
}
