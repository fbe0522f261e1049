//! What decides about an object, read from the database: its owner, what is granted on it, and the same of what it is in.

use std::collections::HashMap;

use sqlx::{Sqlite, query::QueryScalar, sqlite::SqliteArguments};

use super::{
    model::SYSTEM_USER,
    names::{Securable, TableName},
    rights::{Chain, Denied, Link, Privilege, Subject},
    store::Catalog,
};
use crate::database::Result;

/// Principals with what they were given.
type Given = Vec<(String, Privilege)>;

impl Catalog {
    /// The same catalog with users who may do everything.
    pub(crate) fn with_admins<'a>(mut self, users: impl IntoIterator<Item = &'a str>) -> Self {
        self.admins = users.into_iter().map(str::to_owned).collect();
        self
    }

    /// A user with their groups.
    pub(crate) fn subject(&self, user: &str) -> Subject {
        Subject::new(user, self.admins.iter().any(|admin| admin == user))
    }

    /// What a user lacks to do with an object what needs this privilege; none when they may. An object that does not
    /// exist is nobody's: whoever holds the privilege on what it would be in may.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn denied(&self, user: &str, on: &Securable, privilege: Privilege) -> Result<Option<Denied>> {
        let subject = self.subject(user);
        if subject.is_admin() {
            return Ok(None);
        }
        Ok(self.chain(on).await?.check(&subject, privilege).err())
    }

    /// What a user lacks to know of an object; none when they may.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn hidden(&self, user: &str, on: &Securable) -> Result<Option<Denied>> {
        let subject = self.subject(user);
        if subject.is_admin() {
            return Ok(None);
        }
        Ok(self.chain(on).await?.check_seen(&subject).err())
    }

    /// Keeps of objects in one container what a user may know of; `of` names each with its owner. It costs a fixed number
    /// of reads, however many objects there are.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn visible<T>(
        &self,
        user: &str,
        container: Option<&Securable>,
        mut items: Vec<T>,
        of: impl Fn(&T) -> (Securable, String),
    ) -> Result<Vec<T>> {
        let subject = self.subject(user);
        if subject.is_admin() {
            return Ok(items);
        }
        let around = match container {
            Some(container) => Some(self.chain(container).await?),
            None => None,
        };
        let mut grants = self.grants_inside(container).await?;
        items.retain(|item| {
            let (on, owner) = of(item);
            let grants = grants.remove(&(family(on.kind()).to_owned(), on.full_name())).unwrap_or_default();
            let link = Link { on, owner, grants };
            let chain = match &around {
                Some(around) => around.inside(link),
                None => Chain::new(link, Vec::new()),
            };
            chain.check_seen(&subject).is_ok()
        });
        Ok(items)
    }

    /// What decides about an object.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn chain(&self, on: &Securable) -> Result<Chain> {
        let object = self.link(on.clone()).await?;
        let mut around = Vec::new();
        for on in on.around() {
            around.push(self.link(on).await?);
        }
        Ok(Chain::new(object, around))
    }

    async fn link(&self, on: Securable) -> Result<Link> {
        let grants = self.grants(&on.full_name()).await?.into_iter();
        let grants = grants.filter(|grant| family(&grant.kind) == family(on.kind()));
        let grants = grants.filter_map(|grant| Some((grant.principal, Privilege::parse(&grant.privilege)?))).collect();
        Ok(Link { owner: self.owner(&on).await?.unwrap_or_default(), grants, on })
    }

    /// Who owns an object; none when it does not exist.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn owner(&self, on: &Securable) -> Result<Option<String>> {
        let found = match on {
            Securable::Metastore => return Ok(Some(SYSTEM_USER.to_owned())),
            Securable::Catalog(name) => {
                sqlx::query_scalar("SELECT json_extract(info, '$.audit.owner') FROM catalogs WHERE name = ?").bind(name)
            }
            Securable::Schema(name) => {
                let owner = "SELECT json_extract(info, '$.audit.owner') FROM schemas WHERE catalog = ? AND name = ?";
                sqlx::query_scalar(owner).bind(&name.catalog).bind(&name.schema)
            }
            Securable::Table(name) | Securable::View(name) => owner_in(
                "SELECT json_extract(info, '$.audit.owner') FROM tables WHERE catalog = ? AND schema = ? AND name = ?",
                name,
            ),
            Securable::Function(name) => owner_in(
                "SELECT json_extract(info, '$.audit.owner') FROM functions WHERE catalog = ? AND schema = ? AND name = ?",
                name,
            ),
            Securable::Volume(name) => owner_in(
                "SELECT json_extract(info, '$.audit.owner') FROM volumes WHERE catalog = ? AND schema = ? AND name = ?",
                name,
            ),
            Securable::Object(kind, name) => {
                let owner =
                    "SELECT json_extract(info, '$.audit.owner') FROM metastore_objects WHERE kind = ? AND name = ?";
                sqlx::query_scalar(owner).bind(kind.name()).bind(name)
            }
        };
        Ok(found.fetch_optional(self.database.read()).await?)
    }

    /// What is granted on everything in a container, or on all that is in none, by kinds and names.
    async fn grants_inside(&self, container: Option<&Securable>) -> Result<HashMap<(String, String), Given>> {
        const INSIDE: &str = "SELECT kind, full_name, principal, privilege FROM grants
             WHERE substr(full_name, 1, length(?1) + 1) = ?1 || '.'";
        const OUTSIDE: &str = "SELECT kind, full_name, principal, privilege FROM grants
             WHERE kind NOT IN ('SCHEMA', 'TABLE', 'VIEW', 'FUNCTION', 'VOLUME')";
        let rows = match container.filter(|container| **container != Securable::Metastore) {
            Some(container) => {
                sqlx::query_as::<_, (String, String, String, String)>(INSIDE).bind(container.full_name())
            }
            None => sqlx::query_as(OUTSIDE),
        };
        let mut found: HashMap<_, Given> = HashMap::new();
        for (kind, full_name, principal, privilege) in rows.fetch_all(self.database.read()).await? {
            if let Some(privilege) = Privilege::parse(&privilege) {
                found.entry((family(&kind).to_owned(), full_name)).or_default().push((principal, privilege));
            }
        }
        Ok(found)
    }
}

type Owner<'q> = QueryScalar<'q, Sqlite, String, SqliteArguments>;

fn owner_in<'q>(select: &'static str, name: &'q TableName) -> Owner<'q> {
    sqlx::query_scalar(select).bind(&name.catalog).bind(&name.schema).bind(&name.table)
}

/// Views are granted on as tables are, whichever word a statement used.
fn family(kind: &str) -> &str {
    if kind == "VIEW" { "TABLE" } else { kind }
}
