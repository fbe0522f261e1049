//! Who there is: the users and service principals that the workspace was started with, and their groups.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::config::{ServicePrincipal, Token};

/// The group that every principal is in.
pub(crate) const EVERYBODY: &str = "users";

/// The group of whoever looks after the workspace: the first principal that it was started with.
pub(crate) const ADMINS: &str = "admins";

/// Whether what is given to a principal is given to a user: it is the user, or the group of all.
pub(crate) fn covers(principal: &str, user: &str) -> bool {
    principal == user || principal == EVERYBODY
}

/// A number for a name: the same at each start, below 2^53.
pub(crate) fn user_id(user: &str) -> u64 {
    let digest = Sha256::digest(user.as_bytes());
    digest.iter().take(6).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    ServicePrincipal,
}

/// A user or a service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principal {
    /// A user's address, a service principal's application id.
    pub(super) name: String,
    /// For people.
    pub(super) display_name: String,
    pub(super) kind: Kind,
    pub(super) is_admin: bool,
}

impl Principal {
    pub(super) fn id(&self) -> u64 {
        user_id(&self.name)
    }

    /// The names of its groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'static str> {
        self.is_admin.then_some(ADMINS).into_iter().chain([EVERYBODY])
    }
}

/// All principals, by name.
#[derive(Debug)]
pub(super) struct Directory(BTreeMap<String, Principal>);

impl Directory {
    pub(super) fn new(tokens: &[Token], service_principals: &[ServicePrincipal]) -> Self {
        let users = tokens.iter().map(|token| {
            let display_name = token.user.split('@').next().unwrap_or(&token.user).to_owned();
            (token.user.clone(), display_name, Kind::User)
        });
        let machines = service_principals
            .iter()
            .map(|it| (it.application_id.clone(), it.application_id.clone(), Kind::ServicePrincipal));
        let mut known = BTreeMap::new();
        for (name, display_name, kind) in users.chain(machines) {
            let is_admin = known.is_empty();
            known.entry(name.clone()).or_insert(Principal { name, display_name, kind, is_admin });
        }
        Self(known)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Principal> {
        self.0.get(name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Principal> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_first_looks_after_the_workspace() {
        let tokens = [Token::new("1", "ben@x"), Token::new("2", "ann@x"), Token::new("3", "ben@x")];
        let directory = Directory::new(&tokens, &[ServicePrincipal::new("app", "s")]);
        let all: Vec<_> = directory.all().map(|it| (it.name.as_str(), it.is_admin, it.kind)).collect();
        assert_eq!(
            all,
            [("ann@x", false, Kind::User), ("app", false, Kind::ServicePrincipal), ("ben@x", true, Kind::User)]
        );
        let groups: Vec<_> = directory.get("ben@x").unwrap().groups().collect();
        assert_eq!((groups, directory.get("nobody").is_none()), (vec![ADMINS, EVERYBODY], true));
    }
}
