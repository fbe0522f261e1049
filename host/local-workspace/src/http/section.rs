//! What an area shows on the workspace's page: lists of its API, as the person who looks would get them.

/// A table on the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// Its name in the page's address.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// Path and query of the list; `{}` is what the section is of, `{1}` to `{3}` are the parts of that between dots.
    pub(crate) path: &'static str,
    /// Field of the answer that is the list.
    pub(crate) list: &'static str,
    pub(crate) columns: &'static [Column],
    /// What it is of where the address does not say; without this it is shown only where the address does.
    pub(crate) of: Option<Of>,
    /// The section that a row leads to, and where in the row stands what that one is of.
    pub(crate) opens: Option<(&'static str, &'static str)>,
    /// Where links of others lead to it, a route with `{of}` in the place of what it is of: Databricks' own address.
    pub(crate) link: Option<&'static str>,
}

/// What a section is of when it is shown unasked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    /// The whole workspace.
    All,
    /// The home folder of whoever looks.
    Home,
}

/// A column of such a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Where the value is in an item of the list: a JSON pointer.
    pub(crate) value: &'static str,
    pub(crate) kind: Kind,
}

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Milliseconds since 1970, as date and time.
    Time,
    /// The column's title, leading to the section of this name, which is of the value.
    Opens(&'static str),
}

/// A column of texts and numbers.
pub(crate) const fn text(title: &'static str, value: &'static str) -> Column {
    Column { title, value, kind: Kind::Text }
}

/// A column that leads to a further section.
pub(crate) const fn opens(title: &'static str, section: &'static str, of: &'static str) -> Column {
    Column { title, value: of, kind: Kind::Opens(section) }
}

/// A column of times.
pub(crate) const fn time(title: &'static str, value: &'static str) -> Column {
    Column { title, value, kind: Kind::Time }
}
