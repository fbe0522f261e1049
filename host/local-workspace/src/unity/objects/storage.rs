//! /api/2.1/unity-catalog/storage-credentials, external-locations and validate-storage-credentials. They are objects and
//! nothing else: the local workspace reaches no cloud.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kept, Secret, seen};
use crate::{
    catalog::{
        names::{ObjectKind, Securable},
        rights::Privilege,
    },
    http::{body::OptionalBody, error::ApiError},
    identity::Caller,
    unity::{Unity, service::required},
};

/// Schemes of places that external locations can be.
const SCHEMES: [&str; 6] = ["s3://", "abfss://", "gs://", "r2://", "wasbs://", "adl://"];

/// How to sign in at a cloud's storage; exactly one way is set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StorageCredential {
    aws_iam_role: Option<AwsRole>,
    azure_managed_identity: Option<AzureIdentity>,
    azure_service_principal: Option<AzurePrincipal>,
    databricks_gcp_service_account: Option<Value>,
    read_only: bool,
    used_for_managed_storage: bool,
    isolation_mode: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AwsRole {
    role_arn: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AzureIdentity {
    access_connector_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    managed_identity_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AzurePrincipal {
    directory_id: String,
    application_id: String,
    /// Taken out before anything is kept.
    #[serde(default, skip_serializing)]
    client_secret: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CredentialBody {
    aws_iam_role: Option<AwsRole>,
    azure_managed_identity: Option<AzureIdentity>,
    azure_service_principal: Option<AzurePrincipal>,
    databricks_gcp_service_account: Option<Value>,
    read_only: Option<bool>,
    isolation_mode: Option<String>,
}

impl Kept for StorageCredential {
    const KIND: ObjectKind = ObjectKind::StorageCredential;
    const ROUTE: &'static str = "storage-credentials";
    const LIST: &'static str = "storage_credentials";
    const CREATE: Privilege = Privilege::CreateStorageCredential;
    type Body = CredentialBody;

    fn apply(&mut self, mut body: CredentialBody, is_new: bool) -> Result<Secret, ApiError> {
        let given = [
            body.aws_iam_role.is_some(),
            body.azure_managed_identity.is_some(),
            body.azure_service_principal.is_some(),
            body.databricks_gcp_service_account.is_some(),
        ];
        let given = given.iter().filter(|is_given| **is_given).count();
        if given > 1 || (is_new && given == 0) {
            return Err(ApiError::invalid("A storage credential needs exactly one cloud credential."));
        }
        let secret = body.azure_service_principal.as_mut().and_then(|principal| principal.client_secret.take());
        if given == 1 {
            self.aws_iam_role = body.aws_iam_role;
            self.azure_managed_identity = body.azure_managed_identity;
            self.azure_service_principal = body.azure_service_principal;
            self.databricks_gcp_service_account = body.databricks_gcp_service_account.map(|_| json!({}));
        }
        self.read_only = body.read_only.unwrap_or(self.read_only);
        self.isolation_mode = body.isolation_mode.or_else(|| self.isolation_mode.take());
        Ok(secret.map(|secret| json!({"client_secret": secret})))
    }

    async fn check_unused(unity: &Unity, name: &str) -> Result<(), ApiError> {
        let locations = unity.catalog.objects::<ExternalLocation>(ObjectKind::ExternalLocation).await?;
        match locations.iter().find(|(_, info)| info.fields.credential_name == name) {
            None => Ok(()),
            Some((location, _)) => Err(ApiError::invalid(format!(
                "Storage credential '{name}' is used by the external location '{location}'. Delete that first, or use force."
            ))),
        }
    }
}

/// A place in a cloud's storage with the credential to reach it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ExternalLocation {
    url: String,
    credential_name: String,
    read_only: bool,
    fallback: bool,
    isolation_mode: Option<String>,
    /// Whether the place or the credential is another one than was checked.
    #[serde(skip)]
    is_moved: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LocationBody {
    url: Option<String>,
    credential_name: Option<String>,
    read_only: Option<bool>,
    fallback: Option<bool>,
    isolation_mode: Option<String>,
}

impl Kept for ExternalLocation {
    const KIND: ObjectKind = ObjectKind::ExternalLocation;
    const ROUTE: &'static str = "external-locations";
    const LIST: &'static str = "external_locations";
    const CREATE: Privilege = Privilege::CreateExternalLocation;
    type Body = LocationBody;

    fn apply(&mut self, body: LocationBody, is_new: bool) -> Result<Secret, ApiError> {
        if is_new {
            required(body.url.clone(), "url")?;
            required(body.credential_name.clone(), "credential_name")?;
        }
        self.is_moved = body.url.is_some() || body.credential_name.is_some();
        if let Some(url) = body.url {
            if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
                return Err(ApiError::invalid(format!("'{url}' is not a path of cloud storage.")));
            }
            self.url = url.trim_end_matches('/').to_owned();
        }
        self.credential_name =
            body.credential_name.map_or_else(|| self.credential_name.clone(), |name| name.to_lowercase());
        self.read_only = body.read_only.unwrap_or(self.read_only);
        self.fallback = body.fallback.unwrap_or(self.fallback);
        self.isolation_mode = body.isolation_mode.or_else(|| self.isolation_mode.take());
        Ok(None)
    }

    async fn check(&mut self, unity: &Unity, user: &str, name: &str) -> Result<(), ApiError> {
        if !self.is_moved {
            return Ok(());
        }
        let credential = Securable::Object(ObjectKind::StorageCredential, self.credential_name.clone());
        unity.check_exists(&credential).await?;
        unity.check(user, &credential, Privilege::CreateExternalLocation).await?;
        let within = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let others = unity.catalog.objects::<Self>(Self::KIND).await?;
        let overlap = others.into_iter().find(|(other, info)| {
            other != name && (within(&info.fields.url, &self.url) || within(&self.url, &info.fields.url))
        });
        match overlap {
            None => Ok(()),
            Some((other, info)) => Err(ApiError::invalid(format!(
                "The url '{}' overlaps with the url '{}' of the external location '{other}'.",
                self.url, info.fields.url
            ))),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Validate {
    storage_credential_name: Option<String>,
}

/// Says of a credential that nothing was tried.
pub(crate) async fn validate(
    State(unity): State<Unity>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Validate>,
) -> Result<Json<Value>, ApiError> {
    let name = required(body.storage_credential_name, "storage_credential_name")?;
    seen::<StorageCredential>(&unity, &user, &name).await?;
    let said = "The local workspace reaches no cloud storage; nothing was tried.";
    let skipped = |operation| json!({"operation": operation, "result": "SKIP", "message": said});
    let results = ["READ", "LIST", "WRITE", "DELETE", "PATH_EXISTS"].map(skipped);
    Ok(Json(json!({"is_dir": false, "results": results})))
}
