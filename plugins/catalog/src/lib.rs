//! The family of Unity Catalog: data objects, grants, tags, storage, connections, sharing, monitors. Its contract is
//! `wit/catalog.wit`.
//!
//! What the REST interface does goes by it; what only SQL does (comments of tables, functions, row filters, masks, metric
//! views, secrets in connections, finding by tag) goes by statements, whose texts are made in [`names`] from parts that
//! are quoted one by one.

mod calls;
mod create;
mod external;
mod grants;
mod kind;
mod metric_views;
mod monitors;
mod names;
mod objects;
mod policies;
mod secrets;
mod sharing;
mod show;
mod sql;
mod tags;

bricklayer_sdk::family! {
    world: "bricklayer:catalog/databricks-catalog",
    wit: ["../../wit/host.wit", "../../wit/catalog.wit"],
    tools: bricklayer::catalog::tools {
        list_catalog_objects(ListCatalogObjectsRequest) -> ObjectList = objects::list,
        get_catalog_object(GetCatalogObjectRequest) -> ObjectDetails = objects::get,
        create_catalog(CreateCatalogRequest) -> ObjectChange = create::catalog,
        create_foreign_catalog(CreateForeignCatalogRequest) -> ObjectChange = create::foreign_catalog,
        create_schema(CreateSchemaRequest) -> ObjectChange = create::schema,
        create_volume(CreateVolumeRequest) -> ObjectChange = create::volume,
        create_function(CreateFunctionRequest) -> ObjectChange = policies::create_function,
        update_catalog_object(UpdateCatalogObjectRequest) -> ObjectChange = objects::update,
        set_owner(SetOwnerRequest) -> ObjectChange = objects::set_owner,
        delete_catalog_object(DeleteCatalogObjectRequest) -> ObjectChange = objects::delete,
        get_grants(GetGrantsRequest) -> GrantList = grants::get,
        change_grants(ChangeGrantsRequest) -> GrantList = grants::change,
        get_tags(GetTagsRequest) -> TagList = tags::get,
        change_tags(ChangeTagsRequest) -> ObjectChange = tags::change,
        find_tagged(FindTaggedRequest) -> TaggedList = tags::find,
        set_comment(SetCommentRequest) -> ObjectChange = tags::set_comment,
        create_storage_credential(CreateStorageCredentialRequest) -> ObjectChange = external::create_credential,
        create_external_location(CreateExternalLocationRequest) -> ObjectChange = external::create_location,
        validate_storage_credential(ValidateStorageRequest) -> StorageValidation = external::validate,
        create_connection(CreateConnectionRequest) -> ObjectChange = external::create_connection,
        update_external_object(UpdateExternalObjectRequest) -> ObjectChange = external::update,
        create_share(CreateShareRequest) -> ObjectChange = sharing::create_share,
        change_share(ChangeShareRequest) -> ObjectChange = sharing::change_share,
        create_recipient(CreateRecipientRequest) -> ObjectChange = sharing::create_recipient,
        rotate_recipient_token(RotateRecipientTokenRequest) -> ObjectChange = sharing::rotate_token,
        set_row_filter(SetRowFilterRequest) -> ObjectChange = policies::set_row_filter,
        drop_row_filter(DropRowFilterRequest) -> ObjectChange = policies::drop_row_filter,
        set_column_mask(SetColumnMaskRequest) -> ObjectChange = policies::set_column_mask,
        drop_column_mask(DropColumnMaskRequest) -> ObjectChange = policies::drop_column_mask,
        create_metric_view(CreateMetricViewRequest) -> ObjectChange = metric_views::create,
        get_metric_view(GetMetricViewRequest) -> ObjectDetails = metric_views::get,
        get_monitor(GetMonitorRequest) -> ObjectDetails = monitors::get,
        create_monitor(CreateMonitorRequest) -> ObjectChange = monitors::create,
        refresh_monitor(RefreshMonitorRequest) -> ObjectChange = monitors::refresh,
        delete_monitor(DeleteMonitorRequest) -> ObjectChange = monitors::delete,
    }
}

bricklayer_databricks::operations!(calls::operations);
