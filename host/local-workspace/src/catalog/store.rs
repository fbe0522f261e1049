//! The catalog's objects in the database: what exists, who owns it, what is granted, what was done.
//!
//! Which columns a table has is the engine's to say; this says what the engine does not keep. Areas that need to know of
//! catalogs ask here, not an engine.

use std::{collections::BTreeMap, sync::Arc};

use sqlx::{Sqlite, SqliteConnection, Transaction};
use uuid::Uuid;

use super::{
    change::Change,
    model::{CatalogInfo, CatalogTree, FunctionInfo, Grant, HistoryEntry, SYSTEM_USER, SchemaInfo, TableInfo},
    names::{SchemaName, Securable, TableName},
    rights::Privilege,
    rows::{
        apply, document, drop_table, forget_grants, named, put_catalog, put_function, put_schema, put_table, put_tree,
        record, table_in,
    },
};
use crate::database::{Database, Result};

/// Who this workspace is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workspace {
    pub(crate) metastore_id: Uuid,
    /// Below 2^53, so that JavaScript clients keep all digits.
    pub(crate) id: u64,
}

/// Tables and views in whose place their readers get queries.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Inlined {
    /// Tables with a row filter or column masks.
    pub(crate) guarded: Vec<TableName>,
    /// Views of which the engine knows the columns only.
    pub(crate) views: Vec<TableName>,
}

/// The catalog; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    pub(super) database: Database,
    pub(crate) workspace: Workspace,
    /// Users who may do everything.
    pub(super) admins: Arc<[String]>,
}

impl Catalog {
    /// Opens the catalog; a fresh workspace gets the catalog `main` with the schema `default`.
    ///
    /// # Errors
    /// A database that cannot be read or written.
    pub(crate) async fn open(database: Database) -> Result<Self> {
        let known: Option<(String, i64)> =
            sqlx::query_as("SELECT metastore_id, workspace_id FROM workspace").fetch_optional(database.read()).await?;
        let workspace = match known {
            Some((metastore, id)) => Workspace {
                metastore_id: Uuid::parse_str(&metastore).unwrap_or_default(),
                id: u64::try_from(id).unwrap_or_default(),
            },
            None => Self::found(&database).await?,
        };
        Ok(Self { database, workspace, admins: Arc::default() })
    }

    async fn found(database: &Database) -> Result<Workspace> {
        let metastore_id = Uuid::new_v4();
        let workspace = Workspace { metastore_id, id: 1_000_000_000_000 + u64::from(metastore_id.as_fields().0) };
        let main = CatalogInfo::new(SYSTEM_USER, Some("Catalog of this workspace's own tables".to_owned()));
        let mut change = database.change().await?;
        put_workspace(&mut change, workspace).await?;
        put_catalog(&mut change, "main", &main).await?;
        let default = SchemaName { catalog: "main".to_owned(), schema: "default".to_owned() };
        put_schema(&mut change, &default, &SchemaInfo::default_of(SYSTEM_USER)).await?;
        change.commit().await?;
        Ok(workspace)
    }

    pub(crate) async fn catalog_names(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT name FROM catalogs ORDER BY name").fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn catalogs(&self) -> Result<Vec<(String, CatalogInfo)>> {
        named(sqlx::query_as("SELECT name, info FROM catalogs ORDER BY name").fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn catalog(&self, name: &str) -> Result<Option<CatalogInfo>> {
        let found = sqlx::query_scalar("SELECT info FROM catalogs WHERE name = ?");
        document(found.bind(name).fetch_optional(self.database.read()).await?)
    }

    /// The schemas of a catalog; none when there is no such catalog.
    pub(crate) async fn schemas(&self, catalog: &str) -> Result<Vec<(String, SchemaInfo)>> {
        let rows = sqlx::query_as("SELECT name, info FROM schemas WHERE catalog = ? ORDER BY name");
        named(rows.bind(catalog).fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn schema(&self, name: &SchemaName) -> Result<Option<SchemaInfo>> {
        let found = sqlx::query_scalar("SELECT info FROM schemas WHERE catalog = ? AND name = ?");
        document(found.bind(&name.catalog).bind(&name.schema).fetch_optional(self.database.read()).await?)
    }

    pub(crate) async fn table(&self, name: &TableName) -> Result<Option<TableInfo>> {
        let found = sqlx::query_scalar("SELECT info FROM tables WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&name.catalog).bind(&name.schema).bind(&name.table);
        document(found.fetch_optional(self.database.read()).await?)
    }

    /// What is known of the tables and views of a catalog, or of one of its schemas, by schema and name.
    pub(crate) async fn tables(
        &self,
        catalog: &str,
        schema: Option<&str>,
    ) -> Result<BTreeMap<(String, String), TableInfo>> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT schema, name, info FROM tables WHERE catalog = ?1 AND (?2 IS NULL OR schema = ?2)")
                .bind(catalog)
                .bind(schema)
                .fetch_all(self.database.read())
                .await?;
        rows.into_iter().map(|(schema, name, info)| Ok(((schema, name), serde_json::from_str(&info)?))).collect()
    }

    /// The tables of which a reader sees other rows or values than there are, and the views that are read as queries.
    pub(crate) async fn inlined(&self) -> Result<Inlined> {
        let rows: Vec<(String, String, String, bool)> = sqlx::query_as(
            "SELECT catalog, schema, name, json_extract(info, '$.inline') IS NOT NULL FROM tables
             WHERE json_extract(info, '$.row_filter') IS NOT NULL OR json_extract(info, '$.column_masks') IS NOT NULL
                OR json_extract(info, '$.inline') IS NOT NULL",
        )
        .fetch_all(self.database.read())
        .await?;
        let mut found = Inlined::default();
        for (catalog, schema, table, is_view) in rows {
            let list = if is_view { &mut found.views } else { &mut found.guarded };
            list.push(TableName { catalog, schema, table });
        }
        Ok(found)
    }

    /// A table's operations, oldest first.
    pub(crate) async fn history(&self, name: &TableName) -> Result<Vec<HistoryEntry>> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT version, entry FROM table_history WHERE catalog = ? AND schema = ? AND name = ? ORDER BY version",
        )
        .bind(&name.catalog)
        .bind(&name.schema)
        .bind(&name.table)
        .fetch_all(self.database.read())
        .await?;
        rows.into_iter().map(|(version, entry)| Ok(HistoryEntry { version, ..serde_json::from_str(&entry)? })).collect()
    }

    pub(crate) async fn functions(&self, schema: &SchemaName) -> Result<Vec<(String, FunctionInfo)>> {
        let rows = sqlx::query_as("SELECT name, info FROM functions WHERE catalog = ? AND schema = ? ORDER BY name");
        named(rows.bind(&schema.catalog).bind(&schema.schema).fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn function(&self, name: &TableName) -> Result<Option<FunctionInfo>> {
        let found = sqlx::query_scalar("SELECT info FROM functions WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&name.catalog).bind(&name.schema).bind(&name.table);
        document(found.fetch_optional(self.database.read()).await?)
    }

    /// What is granted on objects of any kind with this name, in the order of principals and privileges.
    pub(crate) async fn grants(&self, full_name: &str) -> Result<Vec<Grant>> {
        let rows = sqlx::query_as::<_, (String, String, String, String)>(
            "SELECT kind, full_name, principal, privilege FROM grants WHERE full_name = ? ORDER BY principal, privilege, kind",
        );
        let rows = rows.bind(full_name).fetch_all(self.database.read()).await?.into_iter();
        let grant = |(kind, full_name, principal, privilege)| Grant { kind, full_name, principal, privilege };
        Ok(rows.map(grant).collect())
    }

    /// Gives privileges; giving one twice is giving it once.
    pub(crate) async fn grant(&self, on: &Securable, principal: &str, privileges: &[String]) -> Result<()> {
        let mut change = self.database.change().await?;
        for privilege in privileges {
            let grant = sqlx::query(
                "INSERT INTO grants (full_name, kind, principal, privilege) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            );
            grant.bind(on.full_name()).bind(on.kind()).bind(principal).bind(privilege).execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Takes privileges away; `ALL PRIVILEGES` takes all.
    pub(crate) async fn revoke(&self, on: &Securable, principal: &str, privileges: &[String]) -> Result<()> {
        let mut change = self.database.change().await?;
        for privilege in privileges {
            let revoke = sqlx::query(
                "DELETE FROM grants WHERE full_name = ?1 AND kind = ?2 AND principal = ?3
                 AND (?4 = 'ALL PRIVILEGES' OR privilege = ?4)",
            );
            revoke.bind(on.full_name()).bind(on.kind()).bind(principal).bind(privilege).execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Takes privileges away and gives some, all at once.
    pub(crate) async fn change_grants(
        &self,
        on: &Securable,
        add: &[(String, Privilege)],
        remove: &[(String, Privilege)],
    ) -> Result<()> {
        let mut change = self.database.change().await?;
        for (principal, privilege) in remove {
            let revoke = sqlx::query(
                "DELETE FROM grants WHERE full_name = ?1 AND (kind = ?2 OR ?2 = 'TABLE' AND kind = 'VIEW')
                 AND principal = ?3 AND (?4 = 'ALL PRIVILEGES' OR privilege = ?4)",
            );
            let revoke = revoke.bind(on.full_name()).bind(on.kind()).bind(principal).bind(privilege.name());
            revoke.execute(&mut *change).await?;
        }
        for (principal, privilege) in add {
            let grant = sqlx::query(
                "INSERT INTO grants (full_name, kind, principal, privilege) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            );
            let grant = grant.bind(on.full_name()).bind(on.kind()).bind(principal).bind(privilege.name());
            grant.execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Adds a catalog with its default schema.
    pub(crate) async fn create_catalog(&self, name: &str, info: &CatalogInfo) -> Result<()> {
        let mut change = self.database.change().await?;
        put_catalog(&mut change, name, info).await?;
        let default = SchemaName { catalog: name.to_owned(), schema: "default".to_owned() };
        put_schema(&mut change, &default, &SchemaInfo::default_of(&info.audit.owner)).await?;
        Ok(change.commit().await?)
    }

    /// Takes a catalog and all in it away; its file is to be removed until [`Self::file_removed`].
    pub(crate) async fn drop_catalog(&self, name: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM catalogs WHERE name = ?").bind(name).execute(&mut *change).await?;
        sqlx::query("DELETE FROM pending_changes WHERE catalog = ?").bind(name).execute(&mut *change).await?;
        forget_grants(&mut change, name).await?;
        let dropped = sqlx::query("INSERT INTO dropped_catalogs (name) VALUES (?) ON CONFLICT DO NOTHING");
        dropped.bind(name).execute(&mut *change).await?;
        Ok(change.commit().await?)
    }

    /// Catalogs that are gone and whose files may be left.
    pub(crate) async fn dropped_catalogs(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT name FROM dropped_catalogs").fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn file_removed(&self, catalog: &str) -> Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM dropped_catalogs WHERE name = ?").bind(catalog).execute(&mut *change).await?;
        Ok(change.commit().await?)
    }

    /// Puts in a whole catalog in place of what has its name.
    pub(crate) async fn replace_catalog(&self, name: &str, tree: &CatalogTree) -> Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM catalogs WHERE name = ?").bind(name).execute(&mut *change).await?;
        put_tree(&mut change, name, tree).await?;
        Ok(change.commit().await?)
    }

    /// Changes what is known of a catalog; without one of that name nothing happens.
    pub(crate) async fn edit_catalog(&self, name: &str, edit: impl FnOnce(&mut CatalogInfo) + Send) -> Result<()> {
        let mut change = self.database.change().await?;
        let found = sqlx::query_scalar("SELECT info FROM catalogs WHERE name = ?");
        if let Some(mut info) = document(found.bind(name).fetch_optional(&mut *change).await?)? {
            edit(&mut info);
            put_catalog(&mut change, name, &info).await?;
        }
        Ok(change.commit().await?)
    }

    /// Changes what is known of a schema; without one of that name nothing happens.
    pub(crate) async fn edit_schema(&self, name: &SchemaName, edit: impl FnOnce(&mut SchemaInfo) + Send) -> Result<()> {
        let mut change = self.database.change().await?;
        let found = sqlx::query_scalar("SELECT info FROM schemas WHERE catalog = ? AND name = ?");
        let found = found.bind(&name.catalog).bind(&name.schema).fetch_optional(&mut *change).await?;
        if let Some(mut info) = document(found)? {
            edit(&mut info);
            put_schema(&mut change, name, &info).await?;
        }
        Ok(change.commit().await?)
    }

    /// Changes what is known of a table or view.
    pub(crate) async fn edit_table(
        &self,
        name: &TableName,
        user: &str,
        edit: impl FnOnce(&mut TableInfo) + Send,
    ) -> Result<()> {
        let mut change = self.database.change().await?;
        let mut info = table_in(&mut change, name).await?.unwrap_or_else(|| TableInfo::new(user));
        edit(&mut info);
        put_table(&mut change, name, &info).await?;
        Ok(change.commit().await?)
    }

    /// Changes what is known of a function; without one of that name nothing happens.
    pub(crate) async fn edit_function(
        &self,
        name: &TableName,
        edit: impl FnOnce(&mut FunctionInfo) + Send,
    ) -> Result<()> {
        let mut change = self.database.change().await?;
        let found = sqlx::query_scalar("SELECT info FROM functions WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&name.catalog).bind(&name.schema).bind(&name.table);
        if let Some(mut info) = document(found.fetch_optional(&mut *change).await?)? {
            edit(&mut info);
            put_function(&mut change, name, &info).await?;
        }
        Ok(change.commit().await?)
    }

    /// Adds an operation to a table's history.
    pub(crate) async fn record(&self, name: &TableName, entry: &HistoryEntry) -> Result<()> {
        let mut change = self.database.change().await?;
        record(&mut change, name, entry).await?;
        Ok(change.commit().await?)
    }

    /// Makes sure that each of the tables that the engine has in a catalog has an entry, and no other.
    pub(crate) async fn reconcile(&self, catalog: &str, tables: &[TableName]) -> Result<()> {
        let known = self.tables(catalog, None).await?;
        let is_known = |t: &TableName| known.contains_key(&(t.schema.clone(), t.table.clone()));
        let exists = |schema: &str, name: &str| tables.iter().any(|t| t.schema == schema && t.table == name);
        if tables.iter().all(is_known) && known.keys().all(|(schema, name)| exists(schema, name)) {
            return Ok(());
        }
        let mut change = self.database.change().await?;
        for name in tables.iter().filter(|name| !is_known(name)) {
            put_table(&mut change, name, &TableInfo::new(SYSTEM_USER)).await?;
        }
        for (schema, table) in known.into_keys().filter(|(schema, name)| !exists(schema, name)) {
            drop_table(&mut change, &TableName { catalog: catalog.to_owned(), schema, table }).await?;
        }
        Ok(change.commit().await?)
    }

    /// Writes down a change that the engine is about to make, and gives its number.
    pub(crate) async fn intend(&self, intended: &Change) -> Result<i64> {
        let mut change = self.database.change().await?;
        let id = sqlx::query_scalar("INSERT INTO pending_changes (catalog, change) VALUES (?, ?) RETURNING id")
            .bind(intended.catalog())
            .bind(serde_json::to_string(intended)?)
            .fetch_one(&mut *change)
            .await?;
        change.commit().await?;
        Ok(id)
    }

    /// Carries out a change that the engine has made.
    pub(crate) async fn carry_out(&self, id: i64) -> Result<()> {
        let mut change = self.database.change().await?;
        let made = sqlx::query_scalar("DELETE FROM pending_changes WHERE id = ? RETURNING change");
        if let Some(made) = document(made.bind(id).fetch_optional(&mut *change).await?)? {
            apply(&mut change, made).await?;
        }
        Ok(change.commit().await?)
    }

    /// Forgets a change that the engine has not made.
    pub(crate) async fn forget(&self, id: i64) -> Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM pending_changes WHERE id = ?").bind(id).execute(&mut *change).await?;
        Ok(change.commit().await?)
    }

    /// The changes of a catalog that are written down and neither carried out nor forgotten, oldest first.
    pub(crate) async fn pending(&self, catalog: &str) -> Result<Vec<i64>> {
        let rows = sqlx::query_scalar("SELECT id FROM pending_changes WHERE catalog = ? ORDER BY id");
        Ok(rows.bind(catalog).fetch_all(self.database.read()).await?)
    }
}

async fn put_workspace(change: &mut SqliteConnection, workspace: Workspace) -> Result<()> {
    sqlx::query("INSERT INTO workspace (only_row, metastore_id, workspace_id) VALUES (1, ?, ?)")
        .bind(workspace.metastore_id.to_string())
        .bind(i64::try_from(workspace.id).unwrap_or_default())
        .execute(change)
        .await?;
    Ok(())
}

/// Puts in all that a catalog of an earlier version held.
///
/// # Errors
/// A database that cannot be written.
pub(crate) async fn import(
    change: &mut Transaction<'_, Sqlite>,
    workspace: Workspace,
    catalogs: &BTreeMap<String, CatalogTree>,
    grants: &[Grant],
) -> Result<()> {
    put_workspace(change, workspace).await?;
    for (name, tree) in catalogs {
        put_tree(change, name, tree).await?;
    }
    for grant in grants {
        sqlx::query(
            "INSERT INTO grants (full_name, kind, principal, privilege) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&grant.full_name)
        .bind(&grant.kind)
        .bind(&grant.principal)
        .bind(&grant.privilege)
        .execute(&mut **change)
        .await?;
    }
    Ok(())
}
