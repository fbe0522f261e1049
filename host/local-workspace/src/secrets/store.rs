//! Scopes, secrets and access lists in the database of objects, under the rights of a user.

use std::fmt;

use sqlx::SqliteConnection;

use super::model::{Permission, Refused, check_name};
use crate::{
    clock::now,
    database::{self, Database},
    identity::covers,
};

/// Scopes of one workspace, and secrets and access entries of one scope; the service's bounds.
const MAX_SCOPES: i64 = 1_000;
const MAX_SECRETS: i64 = 1_000;
const MAX_ACLS: i64 = 1_000;

/// Bytes of a value; the service's bound.
pub(super) const MAX_VALUE_BYTES: usize = 128 * 1024;

type Result<T> = std::result::Result<T, Refused>;

/// All scopes; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    database: Database,
}

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) key: String,
    /// Milliseconds since the epoch.
    pub(crate) updated_at: i64,
}

/// A secret's value; it is never shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value(pub(crate) Vec<u8>);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

/// What a principal may do with a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acl {
    pub(crate) principal: String,
    pub(crate) permission: Permission,
}

async fn count(on: &mut SqliteConnection, sql: &'static str, scope: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(sql).bind(scope).fetch_one(on).await?)
}

async fn acls_of(on: &mut SqliteConnection, scope: &str) -> Result<Vec<Acl>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT principal, permission FROM secret_acls WHERE scope = ? ORDER BY principal")
            .bind(scope)
            .fetch_all(on)
            .await?;
    let acl = |(principal, word): (String, String)| Some(Acl { principal, permission: Permission::parse(&word)? });
    Ok(rows.into_iter().filter_map(acl).collect())
}

/// Refuses who may not do that with a scope; its name as it was made.
async fn require(on: &mut SqliteConnection, user: &str, scope: &str, needed: Permission) -> Result<String> {
    let name: Option<String> = sqlx::query_scalar("SELECT name FROM secret_scopes WHERE name = ?")
        .bind(scope)
        .fetch_optional(&mut *on)
        .await?;
    let name = name.ok_or_else(|| Refused::NoScope(scope.to_owned()))?;
    let acls = acls_of(on, &name).await?;
    if acls.iter().any(|acl| acl.permission >= needed && covers(&acl.principal, user)) {
        return Ok(name);
    }
    Err(Refused::Denied { user: user.to_owned(), scope: name, needed })
}

impl Secrets {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Makes a scope that its maker manages; with `everybody`, all users do.
    ///
    /// # Errors
    /// A name that does not fit or is taken, too many scopes.
    pub(crate) async fn create_scope(&self, user: &str, scope: &str, everybody: bool) -> Result<()> {
        check_name("scope", scope)?;
        let mut change = self.database.change().await?;
        if count(&mut change, "SELECT count(*) FROM secret_scopes WHERE name = ?", scope).await? > 0 {
            return Err(Refused::Exists(scope.to_owned()));
        }
        if count(&mut change, "SELECT count(*) FROM secret_scopes WHERE name <> ?", scope).await? >= MAX_SCOPES {
            return Err(Refused::Full(format!("A workspace has at most {MAX_SCOPES} secret scopes.")));
        }
        sqlx::query("INSERT INTO secret_scopes (name) VALUES (?)").bind(scope).execute(&mut *change).await?;
        let manager = if everybody { crate::identity::EVERYBODY } else { user };
        let acl = Acl { principal: manager.to_owned(), permission: Permission::Manage };
        put_acl(&mut change, scope, &acl).await?;
        Ok(change.commit().await?)
    }

    /// The scopes that a user may read, by name.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub(crate) async fn scopes(&self, user: &str) -> database::Result<Vec<String>> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT scope, principal FROM secret_acls ORDER BY scope")
            .fetch_all(self.database.read())
            .await?;
        // Every permission includes reading.
        let mut names: Vec<String> =
            rows.into_iter().filter(|(_, principal)| covers(principal, user)).map(|(scope, _)| scope).collect();
        names.dedup();
        Ok(names)
    }

    /// Deletes a scope with its secrets.
    ///
    /// # Errors
    /// Not there, not allowed.
    pub(crate) async fn delete_scope(&self, user: &str, scope: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        let scope = require(&mut change, user, scope, Permission::Manage).await?;
        sqlx::query("DELETE FROM secret_scopes WHERE name = ?").bind(scope).execute(&mut *change).await?;
        Ok(change.commit().await?)
    }

    /// Keeps a value in the place of the one before.
    ///
    /// # Errors
    /// No such scope, not allowed, a key or value that does not fit, too many secrets.
    pub(crate) async fn put(&self, user: &str, scope: &str, key: &str, value: &Value) -> Result<()> {
        check_name("secret key", key)?;
        if value.0.len() > MAX_VALUE_BYTES {
            return Err(Refused::Invalid(format!("The value has more than {MAX_VALUE_BYTES} bytes.")));
        }
        let mut change = self.database.change().await?;
        let scope = require(&mut change, user, scope, Permission::Write).await?;
        let others = sqlx::query_scalar("SELECT count(*) FROM secrets WHERE scope = ? AND key <> ?");
        let others: i64 = others.bind(&scope).bind(key).fetch_one(&mut *change).await?;
        if others >= MAX_SECRETS {
            return Err(Refused::Full(format!("The scope {scope} has {MAX_SECRETS} secrets, the most that one has.")));
        }
        let put = "INSERT INTO secrets (scope, key, value, updated_at) VALUES (?, ?, ?, ?) \
                   ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
        let put = sqlx::query(put).bind(scope).bind(key).bind(&value.0).bind(now().timestamp_millis());
        put.execute(&mut *change).await?;
        Ok(change.commit().await?)
    }

    /// # Errors
    /// No such scope or secret, not allowed.
    pub(crate) async fn delete(&self, user: &str, scope: &str, key: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        let scope = require(&mut change, user, scope, Permission::Write).await?;
        let delete = sqlx::query("DELETE FROM secrets WHERE scope = ? AND key = ?").bind(&scope).bind(key);
        if delete.execute(&mut *change).await?.rows_affected() == 0 {
            return Err(Refused::NoSecret { scope, key: key.to_owned() });
        }
        Ok(change.commit().await?)
    }

    /// The secrets of a scope without their values.
    ///
    /// # Errors
    /// No such scope, not allowed.
    pub(crate) async fn list(&self, user: &str, scope: &str) -> Result<Vec<Metadata>> {
        let mut on = self.database.read().acquire().await?;
        let scope = require(&mut on, user, scope, Permission::Read).await?;
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT key, updated_at FROM secrets WHERE scope = ? ORDER BY key")
                .bind(scope)
                .fetch_all(&mut *on)
                .await?;
        Ok(rows.into_iter().map(|(key, updated_at)| Metadata { key, updated_at }).collect())
    }

    /// A secret's value.
    ///
    /// # Errors
    /// No such scope or secret, not allowed.
    pub(crate) async fn get(&self, user: &str, scope: &str, key: &str) -> Result<Value> {
        let mut on = self.database.read().acquire().await?;
        let scope = require(&mut on, user, scope, Permission::Read).await?;
        let get = sqlx::query_scalar("SELECT value FROM secrets WHERE scope = ? AND key = ?").bind(&scope).bind(key);
        let value: Option<Vec<u8>> = get.fetch_optional(&mut *on).await?;
        value.map(Value).ok_or_else(|| Refused::NoSecret { scope, key: key.to_owned() })
    }

    /// Says what a principal may do with a scope.
    ///
    /// # Errors
    /// No such scope, not allowed, too many entries.
    pub(crate) async fn put_acl(&self, user: &str, scope: &str, acl: &Acl) -> Result<()> {
        if acl.principal.trim().is_empty() {
            return Err(Refused::Invalid("Missing required field: principal".to_owned()));
        }
        let mut change = self.database.change().await?;
        let scope = require(&mut change, user, scope, Permission::Manage).await?;
        let entries = count(&mut change, "SELECT count(*) FROM secret_acls WHERE scope = ?", &scope).await?;
        if entries >= MAX_ACLS {
            return Err(Refused::Full(format!(
                "The scope {scope} has {MAX_ACLS} access entries, the most that one has."
            )));
        }
        put_acl(&mut change, &scope, acl).await?;
        Ok(change.commit().await?)
    }

    /// # Errors
    /// No such scope or entry, not allowed.
    pub(crate) async fn delete_acl(&self, user: &str, scope: &str, principal: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        let scope = require(&mut change, user, scope, Permission::Manage).await?;
        let delete = sqlx::query("DELETE FROM secret_acls WHERE scope = ? AND principal = ?").bind(&scope);
        if delete.bind(principal).execute(&mut *change).await?.rows_affected() == 0 {
            return Err(Refused::NoAcl { scope, principal: principal.to_owned() });
        }
        Ok(change.commit().await?)
    }

    /// Who may do what with a scope.
    ///
    /// # Errors
    /// No such scope, not allowed.
    pub(crate) async fn acls(&self, user: &str, scope: &str) -> Result<Vec<Acl>> {
        let mut on = self.database.read().acquire().await?;
        let scope = require(&mut on, user, scope, Permission::Manage).await?;
        acls_of(&mut on, &scope).await
    }
}

async fn put_acl(on: &mut SqliteConnection, scope: &str, acl: &Acl) -> Result<()> {
    let put = "INSERT INTO secret_acls (scope, principal, permission) VALUES (?, ?, ?) \
               ON CONFLICT (scope, principal) DO UPDATE SET permission = excluded.permission";
    sqlx::query(put).bind(scope).bind(&acl.principal).bind(acl.permission.as_str()).execute(on).await?;
    Ok(())
}
