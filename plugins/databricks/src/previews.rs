//! What a call would meet, as families find it out by looking: the export ([`previews!`](crate::previews!)). The rules are
//! those of `previews` in `wit/host.wit`.

/// Exports a family's `previews`, answered by a function over [`Platform`](bricklayer_sdk::Platform) from the tool's name
/// and its JSON arguments.
#[macro_export]
macro_rules! previews {
    ($function:path) => {
        impl wit::exports::bricklayer::host::previews::Guest for Component {
            fn preview_of(tool: String, input: String) -> Result<Option<String>, String> {
                bricklayer_sdk::tool(|host| $function(host, &tool, &input))
                    .map_err(|failure: bricklayer_sdk::Failure| failure.message)
            }
        }
    };
}
