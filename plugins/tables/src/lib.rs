//! The family that looks before a query is written: what tables hold, where they come from, and what is in folders of
//! volumes. Its contract is `wit/tables.wit`.
//!
//! Each tool is a function over [`Platform`](bricklayer_sdk::Platform); this file only hangs them into the component.

mod lineage;
mod stats;
mod volume;

bricklayer_sdk::family! {
    world: "bricklayer:tables/databricks-tables",
    wit: ["../../wit/host.wit", "../../wit/tables.wit"],
    tools: bricklayer::tables::tools {
        get_table_stats_and_schema(GetTableStatsAndSchemaRequest) -> TableStats = stats::describe,
        get_volume_folder_details(GetVolumeFolderDetailsRequest) -> VolumeFolderDetails = volume::details,
        describe_table_lineage(DescribeTableLineageRequest) -> TableLineage = lineage::describe,
    }
}
