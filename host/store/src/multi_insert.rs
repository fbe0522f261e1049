//! Many rows in few statements.

use crate::engine::{Arg, Sql, Tx};
use crate::error::NotCommitted;

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
        for (sql, rows) in self.parts(rows) {
            tx.execute(sql.clone(), rows.as_flattened()).await?;
        }
        Ok(())
    }

    /// The same at the end of a transaction, which is committed with the last rows.
    pub(crate) async fn execute_last(&self, mut tx: Tx, rows: &[[Arg<'_>; COLUMNS]]) -> Result<(), NotCommitted> {
        let mut parts = self.parts(rows).peekable();
        while let Some((sql, rows)) = parts.next() {
            if parts.peek().is_none() {
                return tx.execute_last(sql.clone(), rows.as_flattened()).await.map(|_| ());
            }
            tx.execute(sql.clone(), rows.as_flattened()).await?;
        }
        tx.commit().await.map_err(|error| NotCommitted { error, undone: false })
    }

    /// The rows in as few statements as there are for them.
    fn parts<'a, R>(&self, rows: &'a [R]) -> impl Iterator<Item = (&Sql, &'a [R])> {
        let mut rest = rows;
        std::iter::from_fn(move || {
            let (size, sql) = self.statements.iter().find(|(size, _)| *size <= rest.len())?;
            let (now, later) = rest.split_at_checked(*size)?;
            rest = later;
            Some((sql, now))
        })
    }
}
