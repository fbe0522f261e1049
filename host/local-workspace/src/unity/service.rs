//! What the handlers of the area share: the catalog, the engine, and changes as SQL statements.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use serde::Deserialize;

use crate::{
    catalog::{
        Catalog, Workspace,
        names::{ObjectKind, SchemaName, Securable},
        rights::Privilege,
    },
    files::volumes::Volumes,
    http::{blocking, error::ApiError},
    sql::{
        engine::Engine,
        language::{
            command::{Command, CommentTarget},
            error::SqlError,
        },
    },
};

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Unity {
    pub(super) catalog: Catalog,
    pub(super) volumes: Volumes,
    engine: Arc<Engine>,
}

/// What can be changed of a catalog or schema.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Update {
    new_name: Option<String>,
    owner: Option<String>,
    comment: Option<String>,
    properties: BTreeMap<String, String>,
}

/// Query parameters of the delete calls.
#[derive(Debug, Default, Deserialize)]
pub(super) struct DeleteQuery {
    #[serde(default)]
    pub(super) force: bool,
}

impl Unity {
    pub(crate) fn new(catalog: Catalog, volumes: Volumes, engine: Arc<Engine>) -> Self {
        Self { catalog, volumes, engine }
    }

    pub(crate) fn workspace(&self) -> Workspace {
        self.catalog.workspace
    }

    /// Asks the engine something on a thread that may block.
    pub(super) async fn engine<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let engine = Arc::clone(&self.engine);
        blocking(move || work(&engine)).await
    }

    /// Carries out a catalog statement.
    pub(super) async fn run(&self, user: &str, command: Command) -> Result<(), ApiError> {
        let user = user.to_owned();
        self.engine(move |engine| engine.command(&command, &user).map(drop)).await
    }

    /// Refuses a user who lacks a privilege on an object.
    pub(super) async fn check(&self, user: &str, on: &Securable, privilege: Privilege) -> Result<(), ApiError> {
        match self.catalog.denied(user, on, privilege).await? {
            Some(denied) => Err(denied.into()),
            None => Ok(()),
        }
    }

    /// Refuses a user who may not know of an object.
    pub(super) async fn check_seen(&self, user: &str, on: &Securable) -> Result<(), ApiError> {
        match self.catalog.hidden(user, on).await? {
            Some(denied) => Err(denied.into()),
            None => Ok(()),
        }
    }

    /// Keeps of objects in any schemas what a user may know of; `of` names each with its owner.
    pub(super) async fn visible_by_schemas<T>(
        &self,
        user: &str,
        items: Vec<T>,
        of: impl Fn(&T) -> (Securable, String) + Copy,
    ) -> Result<Vec<T>, ApiError> {
        let mut by_schema: BTreeMap<_, (Option<Securable>, Vec<T>)> = BTreeMap::new();
        for item in items {
            let container = of(&item).0.around().into_iter().next();
            let key = container.as_ref().map(Securable::full_name);
            by_schema.entry(key).or_insert((container, Vec::new())).1.push(item);
        }
        let mut seen = Vec::new();
        for (container, items) in by_schema.into_values() {
            seen.extend(self.catalog.visible(user, container.as_ref(), items, of).await?);
        }
        Ok(seen)
    }

    /// That it is there and the caller may know of it: what reading an object asks.
    pub(super) async fn check_readable(&self, user: &str, on: &Securable) -> Result<(), ApiError> {
        self.check_exists(on).await?;
        self.check_seen(user, on).await
    }

    /// Sets what a caller gave of owner, comment and properties; `word` is the object's kind in messages.
    pub(super) async fn update(&self, user: &str, on: &Securable, word: &str, update: Update) -> Result<(), ApiError> {
        if update.new_name.is_some() {
            return Err(ApiError::invalid(format!("The local workspace does not support renaming a {word}.")));
        }
        self.check(user, on, Privilege::Manage).await?;
        if let Some(owner) = update.owner {
            self.run(user, Command::SetOwner { on: on.clone(), owner }).await?;
        }
        if let Some(comment) = update.comment {
            let target = CommentTarget::Securable(on.clone());
            self.run(user, Command::Comment { on: target, comment: Some(comment) }).await?;
        }
        self.set_properties(user, on, update.properties).await
    }

    pub(super) async fn set_properties(
        &self,
        user: &str,
        on: &Securable,
        properties: BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        if properties.is_empty() {
            return Ok(());
        }
        let set = properties.into_iter().collect();
        self.run(user, Command::AlterProperties { on: on.clone(), set, unset: Vec::new() }).await
    }

    /// Refuses a catalog that does not exist.
    pub(super) async fn check_catalog(&self, name: &str) -> Result<(), ApiError> {
        let found = self.catalog.catalog(name).await?;
        found.map(drop).ok_or_else(|| catalog_missing(name))
    }

    /// Refuses a schema that does not exist.
    pub(super) async fn check_schema(&self, name: &SchemaName) -> Result<(), ApiError> {
        let found = self.catalog.schema(name).await?;
        found.map(drop).ok_or_else(|| schema_missing(&name.full_name()))
    }

    /// Refuses an object that does not exist.
    pub(super) async fn check_exists(&self, on: &Securable) -> Result<(), ApiError> {
        let found = self.catalog.owner(on).await?;
        found.map(drop).ok_or_else(|| missing(on))
    }
}

/// A field that may not be left out or empty.
pub(super) fn required(value: Option<String>, name: &str) -> Result<String, ApiError> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::invalid(format!("Required field {name} is missing.")))
}

/// A query parameter that may not be left out or empty, in lower case.
pub(super) fn parameter(value: Option<&String>, name: &str) -> Result<String, ApiError> {
    let value = value.filter(|text| !text.is_empty()).map(|text| text.to_lowercase());
    value.ok_or_else(|| ApiError::invalid(format!("Required parameter {name} is missing.")))
}

/// A schema by query parameters.
pub(super) fn schema_parameter(catalog: Option<&String>, schema: Option<&String>) -> Result<SchemaName, ApiError> {
    let schema = parameter(schema, "schema_name")?;
    Ok(SchemaName { catalog: parameter(catalog, "catalog_name")?, schema })
}

pub(super) fn catalog_missing(name: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "CATALOG_DOES_NOT_EXIST", format!("Catalog '{name}' does not exist."))
}

pub(super) fn schema_missing(name: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "SCHEMA_DOES_NOT_EXIST", format!("Schema '{name}' does not exist."))
}

pub(super) fn missing(on: &Securable) -> ApiError {
    let code = match on {
        Securable::Metastore => "METASTORE_DOES_NOT_EXIST",
        Securable::Catalog(_) => "CATALOG_DOES_NOT_EXIST",
        Securable::Schema(_) => "SCHEMA_DOES_NOT_EXIST",
        Securable::Table(_) | Securable::View(_) => "TABLE_DOES_NOT_EXIST",
        Securable::Function(_) => "ROUTINE_DOES_NOT_EXIST",
        Securable::Volume(_) => "VOLUME_DOES_NOT_EXIST",
        Securable::Object(kind, _) => match kind {
            ObjectKind::StorageCredential => "STORAGE_CREDENTIAL_DOES_NOT_EXIST",
            ObjectKind::ExternalLocation => "EXTERNAL_LOCATION_DOES_NOT_EXIST",
            ObjectKind::Connection => "CONNECTION_DOES_NOT_EXIST",
            ObjectKind::Share => "SHARE_DOES_NOT_EXIST",
            ObjectKind::Recipient => "RECIPIENT_DOES_NOT_EXIST",
            ObjectKind::Provider => "PROVIDER_DOES_NOT_EXIST",
        },
    };
    let message = format!("{} '{}' does not exist.", on.word(), on.full_name());
    ApiError::new(StatusCode::NOT_FOUND, code, message)
}

pub(super) fn table_missing(name: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "TABLE_DOES_NOT_EXIST", format!("Table '{name}' does not exist."))
}
