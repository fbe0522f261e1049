//! Statements that ask the clock of leases.

/// A statement whose `[n]` stand for the [`LeaseMoment`](crate::lease_clock::LeaseMoment) that is bound as `$n`; around them it is written once.
macro_rules! on_lease_clock {
    ($($piece:tt)*) => {
        $crate::engine::Sql::Each {
            sqlite: concat!($($crate::lease_sql::moment!(sqlite $piece)),*),
            postgres: concat!($($crate::lease_sql::moment!(postgres $piece)),*),
        }
    };
}
pub(crate) use on_lease_clock;

macro_rules! moment {
    (sqlite [$n:literal]) => {
        concat!("$", $n)
    };
    // The start of the statement, not of its transaction; stable, so that an index can be used.
    (postgres [$n:literal]) => {
        concat!("(statement_timestamp() + $", $n, ")")
    };
    ($engine:ident $text:literal) => {
        $text
    };
}
pub(crate) use moment;
