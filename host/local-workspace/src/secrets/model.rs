//! Names, permissions, and what is refused.

use crate::database;

/// Characters of a scope's or secret's name; the service's bound.
const MAX_NAME_CHARS: usize = 128;

/// What somebody may do with a scope. Who may do more may do less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// See the names of secrets and read their values.
    Read,
    /// Put and delete secrets.
    Write,
    /// Delete the scope, and say who may do what.
    Manage,
}

impl Permission {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::Manage => "MANAGE",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Manage].into_iter().find(|permission| permission.as_str() == text)
    }
}

/// Why the area does not do what is asked.
#[derive(Debug)]
pub(crate) enum Refused {
    NoScope(String),
    NoSecret {
        scope: String,
        key: String,
    },
    NoAcl {
        scope: String,
        principal: String,
    },
    Exists(String),
    Denied {
        user: String,
        scope: String,
        needed: Permission,
    },
    Invalid(String),
    /// A bound on how many there may be.
    Full(String),
    /// The database failed.
    Objects(database::Error),
}

impl From<database::Error> for Refused {
    fn from(error: database::Error) -> Self {
        Self::Objects(error)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Objects(error.into())
    }
}

/// Refuses what cannot be the name of a scope or secret.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Refused> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@' | '.');
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || !name.chars().all(fits) {
        return Err(Refused::Invalid(format!(
            "The {what} name must have 1 to {MAX_NAME_CHARS} characters, which are letters, digits, -, _, @ or ."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_more_may_do_less() {
        for word in ["READ", "WRITE", "MANAGE"] {
            assert_eq!(Permission::parse(word).map(Permission::as_str), Some(word));
        }
        assert_eq!(Permission::parse("read"), None);
        assert!(Permission::Manage > Permission::Write && Permission::Write > Permission::Read);
    }

    #[test]
    fn names_are_plain_and_short() {
        for (name, fits) in
            [("a", true), ("Team-1_x@y.z", true), ("", false), ("a b", false), ("a/b", false), ("é", false)]
        {
            assert_eq!(check_name("scope", name).is_ok(), fits, "{name}");
        }
        assert!(check_name("scope", &"x".repeat(MAX_NAME_CHARS + 1)).is_err());
    }
}
