//! Parameters of a statement.

/// The name of the session parameter that carries the current user.
pub(crate) const USER_PARAMETER: &str = "bricklayer_current_user";

/// A statement parameter as the caller declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// DuckDB's spelling of the declared type.
    pub(crate) physical_type: String,
    /// Only `IDENTIFIER(:name)` looks at the value, and then only as an identifier.
    pub(crate) value: Option<String>,
}
