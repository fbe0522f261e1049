//! Parameters of a statement.

/// The variables of a session of the engine's that say who runs its statements, and the groups that they are in. No
/// statement can name them.
pub(crate) const USER_VARIABLE: &str = "bricklayer_user";
pub(crate) const GROUPS_VARIABLE: &str = "bricklayer_groups";

/// A statement parameter as the caller declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// DuckDB's spelling of the declared type.
    pub(crate) physical_type: String,
    /// Only `IDENTIFIER(:name)` looks at the value, and then only as an identifier.
    pub(crate) value: Option<String>,
}
