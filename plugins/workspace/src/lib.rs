//! The workspace itself: who the caller is, how its services are, its secrets. Its contract is `wit/workspace.wit`.
//!
//! There is no tool that lists or switches profiles: a host serves people with their own sign-in, not the profile file of
//! one machine, so that which workspace and which user a call is for is never a tool's to choose.

mod acls;
mod calls;
mod health;
mod info;
mod put;
mod scopes;
mod user;

bricklayer_sdk::family! {
    world: "bricklayer:workspace/databricks-workspace",
    wit: ["../../wit/host.wit", "../../wit/workspace.wit"],
    tools: bricklayer::workspace::tools {
        get_current_user() -> CurrentUser = user::get,
        health() -> HealthReport = health::ask,
        get_workspace() -> WorkspaceInfo = info::get,
        list_secret_scopes() -> SecretScopeList = scopes::list,
        create_secret_scope(CreateSecretScopeRequest) -> SecretChange = scopes::create,
        delete_secret_scope(SecretScopeRequest) -> SecretChange = scopes::delete,
        list_secrets(SecretScopeRequest) -> SecretList = scopes::secrets,
        put_secret(PutSecretRequest) -> SecretChange = put::put,
        delete_secret(SecretRequest) -> SecretChange = scopes::delete_secret,
        list_secret_acls(SecretScopeRequest) -> SecretAclList = acls::list,
        put_secret_acl(PutSecretAclRequest) -> SecretChange = acls::put,
        delete_secret_acl(DeleteSecretAclRequest) -> SecretChange = acls::delete,
    }
}

bricklayer_databricks::operations!(calls::operations);
