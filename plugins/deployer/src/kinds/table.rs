//! The table of kinds.

use super::{Find, Id, Kind, Read, Route, Shape, Whose};
use crate::world::Method;

const fn route(method: Method, path: &'static str, shape: Shape) -> Route {
    Route { method, path, shape }
}

const fn read(path: &'static str, at: &'static str) -> Read {
    Read { path, at, gone: None }
}

/// What most rows have in common.
const PLAIN: Kind = Kind {
    name: "",
    one: "",
    create: route(Method::Post, "", Shape::Whole),
    read: read("", ""),
    update: None,
    delete: route(Method::Delete, "", Shape::Nothing),
    complete: None,
    id: Id::Answer("id"),
    find: Find::ById,
    immutable: &[],
    ignored: &[],
    watched: &[],
    hidden: &[],
    renames: false,
    query: &[],
    permissions: None,
    grants: None,
    page: None,
    holds_data: false,
};

/// Clouds' own settings of machines, which the workspace completes.
const CLOUDS: [&str; 3] = ["aws_attributes", "azure_attributes", "gcp_attributes"];

/// All kinds.
pub static KINDS: [Kind; 12] = [
    Kind {
        name: "jobs",
        one: "job",
        create: route(Method::Post, "/api/2.2/jobs/create", Shape::Whole),
        read: read("/api/2.2/jobs/get?job_id={id}", "/settings"),
        update: Some(route(Method::Post, "/api/2.2/jobs/reset", Shape::Wrapped("job_id", "new_settings"))),
        delete: route(Method::Post, "/api/2.2/jobs/delete", Shape::Id("job_id")),
        id: Id::Answer("job_id"),
        find: Find::List {
            path: "/api/2.2/jobs/list?name={name}",
            items: "jobs",
            name: "name",
            listed: "/settings/name",
            id: "/job_id",
            whose: Whose::Metadata("/settings/deployment/metadata_file_path"),
        },
        // Who it runs as, and an environment's former version, are taken and not told.
        ignored: &[
            CLOUDS[0],
            CLOUDS[1],
            CLOUDS[2],
            "apply_policy_default_values",
            "client",
            "deployment",
            "format",
            "run_as",
        ],
        watched: &[
            "tasks",
            "job_clusters",
            "parameters",
            "environments",
            "schedule",
            "trigger",
            "continuous",
            "tags",
            "health",
            "git_source",
            "email_notifications",
            "webhook_notifications",
            "timeout_seconds",
            "description",
        ],
        permissions: Some("/jobs/"),
        page: Some("jobs/{id}"),
        ..PLAIN
    },
    Kind {
        name: "pipelines",
        one: "pipeline",
        create: route(Method::Post, "/api/2.0/pipelines", Shape::Whole),
        read: Read { gone: Some(("/state", "DELETED")), ..read("/api/2.0/pipelines/{id}", "/spec") },
        update: Some(route(Method::Put, "/api/2.0/pipelines/{id}", Shape::With("id"))),
        delete: route(Method::Delete, "/api/2.0/pipelines/{id}{cascade}", Shape::Nothing),
        id: Id::Answer("pipeline_id"),
        find: Find::List {
            path: "/api/2.0/pipelines?filter={like}",
            items: "statuses",
            name: "name",
            listed: "/name",
            id: "/pipeline_id",
            whose: Whose::Metadata("/spec/deployment/metadata_file_path"),
        },
        immutable: &[
            "storage",
            "ingestion_definition.connection_name",
            "ingestion_definition.ingestion_gateway_id",
            "ingestion_definition.ingest_from_uc_foreign_catalog",
            "gateway_definition.connection_id",
            "gateway_definition.connection_name",
            "gateway_definition.gateway_storage_catalog",
            "gateway_definition.gateway_storage_schema",
        ],
        ignored: &["run_as", "allow_duplicate_names", "parameters", "deployment", CLOUDS[0], CLOUDS[1], CLOUDS[2]],
        watched: &["libraries", "clusters", "configuration", "notifications"],
        hidden: &["cascade_on_destroy"],
        permissions: Some("/pipelines/"),
        page: Some("pipelines/{id}"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "catalogs",
        one: "catalog",
        create: route(Method::Post, "/api/2.1/unity-catalog/catalogs", Shape::Whole),
        read: read("/api/2.1/unity-catalog/catalogs/{id}", ""),
        update: Some(route(
            Method::Patch,
            "/api/2.1/unity-catalog/catalogs/{id}",
            Shape::Only(&["comment", "properties", "options", "isolation_mode", "enable_predictive_optimization"]),
        )),
        delete: route(Method::Delete, "/api/2.1/unity-catalog/catalogs/{id}?force=true", Shape::Nothing),
        id: Id::Fields(&["name"]),
        immutable: &["name", "storage_root", "connection_name", "provider_name", "share_name"],
        watched: &["comment"],
        grants: Some("catalog"),
        page: Some("explore/data/{path}"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "schemas",
        one: "schema",
        create: route(Method::Post, "/api/2.1/unity-catalog/schemas", Shape::Whole),
        read: read("/api/2.1/unity-catalog/schemas/{id}", ""),
        update: Some(route(
            Method::Patch,
            "/api/2.1/unity-catalog/schemas/{id}",
            Shape::Only(&["comment", "properties", "enable_predictive_optimization"]),
        )),
        delete: route(Method::Delete, "/api/2.1/unity-catalog/schemas/{id}?force=true", Shape::Nothing),
        id: Id::Fields(&["catalog_name", "name"]),
        immutable: &["name", "catalog_name", "storage_root"],
        watched: &["comment"],
        grants: Some("schema"),
        page: Some("explore/data/{path}"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "volumes",
        one: "volume",
        create: route(Method::Post, "/api/2.1/unity-catalog/volumes", Shape::Whole),
        read: read("/api/2.1/unity-catalog/volumes/{id}", ""),
        update: Some(route(Method::Patch, "/api/2.1/unity-catalog/volumes/{id}", Shape::Only(&["comment"]))),
        delete: route(Method::Delete, "/api/2.1/unity-catalog/volumes/{id}", Shape::Nothing),
        id: Id::Fields(&["catalog_name", "schema_name", "name"]),
        immutable: &["catalog_name", "schema_name", "storage_location", "volume_type"],
        watched: &["comment"],
        renames: true,
        grants: Some("volume"),
        page: Some("explore/data/volumes/{path}"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "registered_models",
        one: "registered model",
        create: route(Method::Post, "/api/2.1/unity-catalog/models", Shape::Whole),
        read: read("/api/2.1/unity-catalog/models/{id}", ""),
        update: Some(route(Method::Patch, "/api/2.1/unity-catalog/models/{id}", Shape::Only(&["comment"]))),
        delete: route(Method::Delete, "/api/2.1/unity-catalog/models/{id}", Shape::Nothing),
        id: Id::Fields(&["catalog_name", "schema_name", "name"]),
        immutable: &["name", "catalog_name", "schema_name", "storage_location"],
        watched: &["comment"],
        grants: Some("function"),
        page: Some("explore/data/models/{path}"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "dashboards",
        one: "dashboard",
        create: route(Method::Post, "/api/2.0/lakeview/dashboards", Shape::Whole),
        read: Read { gone: Some(("/lifecycle_state", "TRASHED")), ..read("/api/2.0/lakeview/dashboards/{id}", "") },
        update: Some(route(
            Method::Patch,
            "/api/2.0/lakeview/dashboards/{id}",
            Shape::Only(&["display_name", "warehouse_id", "serialized_dashboard"]),
        )),
        delete: route(Method::Delete, "/api/2.0/lakeview/dashboards/{id}", Shape::Nothing),
        complete: Some(route(
            Method::Post,
            "/api/2.0/lakeview/dashboards/{id}/published",
            Shape::Only(&["embed_credentials", "warehouse_id"]),
        )),
        id: Id::Answer("dashboard_id"),
        find: Find::At { path: "{parent_path}/{display_name}.lvdash.json", id: "/resource_id" },
        immutable: &["parent_path"],
        // The workspace writes it anew; whether somebody changed it, its etag tells.
        ignored: &["serialized_dashboard", "dataset_catalog", "dataset_schema", "embed_credentials"],
        hidden: &["embed_credentials"],
        query: &["dataset_catalog", "dataset_schema"],
        permissions: Some("/dashboards/"),
        page: Some("dashboardsv3/{id}/published"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "experiments",
        one: "experiment",
        create: route(Method::Post, "/api/2.0/mlflow/experiments/create", Shape::Whole),
        read: Read {
            gone: Some(("/experiment/lifecycle_stage", "deleted")),
            ..read("/api/2.0/mlflow/experiments/get?experiment_id={id}", "/experiment")
        },
        update: Some(route(
            Method::Post,
            "/api/2.0/mlflow/experiments/update",
            Shape::Rename("experiment_id", "new_name"),
        )),
        delete: route(Method::Post, "/api/2.0/mlflow/experiments/delete", Shape::Id("experiment_id")),
        id: Id::Answer("experiment_id"),
        find: Find::At {
            path: "/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}",
            id: "/experiment/experiment_id",
        },
        immutable: &["artifact_location"],
        ignored: &["artifact_location", "tags"],
        permissions: Some("/experiments/"),
        page: Some("ml/experiments/{id}"),
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "sql_warehouses",
        one: "SQL warehouse",
        create: route(Method::Post, "/api/2.0/sql/warehouses", Shape::Whole),
        read: read("/api/2.0/sql/warehouses/{id}", ""),
        update: Some(route(Method::Post, "/api/2.0/sql/warehouses/{id}/edit", Shape::Whole)),
        delete: route(Method::Delete, "/api/2.0/sql/warehouses/{id}", Shape::Nothing),
        find: Find::List {
            path: "/api/2.0/sql/warehouses",
            items: "warehouses",
            name: "name",
            listed: "/name",
            id: "/id",
            whose: Whose::Unique,
        },
        ignored: &["channel", "tags", "warehouse_type", "min_num_clusters", "enable_serverless_compute"],
        permissions: Some("/sql/warehouses/"),
        page: Some("sql/warehouses/{id}"),
        ..PLAIN
    },
    Kind {
        name: "clusters",
        one: "cluster",
        create: route(Method::Post, "/api/2.1/clusters/create", Shape::Whole),
        read: read("/api/2.1/clusters/get?cluster_id={id}", ""),
        update: Some(route(Method::Post, "/api/2.1/clusters/edit", Shape::With("cluster_id"))),
        delete: route(Method::Post, "/api/2.1/clusters/permanent-delete", Shape::Id("cluster_id")),
        id: Id::Answer("cluster_id"),
        find: Find::List {
            path: "/api/2.1/clusters/list",
            items: "clusters",
            name: "cluster_name",
            listed: "/cluster_name",
            id: "/cluster_id",
            whose: Whose::Unknown,
        },
        ignored: &[CLOUDS[0], CLOUDS[1], CLOUDS[2], "apply_policy_default_values"],
        permissions: Some("/clusters/"),
        page: Some("compute/clusters/{id}"),
        ..PLAIN
    },
    Kind {
        name: "secret_scopes",
        one: "secret scope",
        create: route(Method::Post, "/api/2.0/secrets/scopes/create", Shape::Whole),
        // There is no call for one; it is looked for in the list of all.
        read: read("/api/2.0/secrets/scopes/list", "/scopes"),
        delete: route(Method::Post, "/api/2.0/secrets/scopes/delete", Shape::Id("scope")),
        id: Id::Fields(&["scope"]),
        immutable: &["scope", "scope_backend_type", "backend_azure_keyvault"],
        holds_data: true,
        ..PLAIN
    },
    Kind {
        name: "alerts",
        one: "alert",
        create: route(Method::Post, "/api/2.0/alerts", Shape::Whole),
        read: Read { gone: Some(("/lifecycle_state", "DELETED")), ..read("/api/2.0/alerts/{id}", "") },
        update: Some(route(Method::Patch, "/api/2.0/alerts/{id}?update_mask={mask}", Shape::Whole)),
        delete: route(Method::Delete, "/api/2.0/alerts/{id}", Shape::Nothing),
        find: Find::List {
            path: "/api/2.0/alerts",
            items: "alerts",
            name: "display_name",
            listed: "/display_name",
            id: "/id",
            whose: Whose::Unknown,
        },
        immutable: &["parent_path"],
        permissions: Some("/alertsv2/"),
        page: Some("sql/alerts-v2/{id}"),
        ..PLAIN
    },
];
