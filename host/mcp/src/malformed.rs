//! Requests that the protocol knows and whose parameters do not fit: the transport takes them for unknown ones, and here
//! they are told what is wrong.

#![expect(deprecated, reason = "clients of revision 2025-11-25 set log levels and hear logs as it says")]

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CompleteRequestParams, CustomRequest, ErrorCode, GetPromptRequestParams,
    InitializeRequestParams, PaginatedRequestParams, ReadResourceRequestParams, SetLevelRequestParams,
    SubscribeRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What revision 2026-07-28 has no more.
const REMOVED: [&str; 5] = ["initialize", "logging/setLevel", "ping", "resources/subscribe", "resources/unsubscribe"];

/// What a request is told of a method that there is not.
pub(crate) fn no_method(method: &str) -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method `{method}`"), None)
}

/// What a request that nobody answers is told; whether it is of a revision from 2026-07-28 on.
pub(crate) fn told(request: CustomRequest, is_modern: bool) -> ErrorData {
    let CustomRequest { method, params, .. } = request;
    if is_modern && REMOVED.contains(&&*method) {
        return no_method(&method);
    }
    let params = params.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let fault = match method.as_str() {
        "initialize" => fault::<InitializeRequestParams>(params),
        "tools/call" => fault::<CallToolRequestParams>(params),
        "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list" => {
            fault::<PaginatedRequestParams>(params)
        }
        "resources/read" => fault::<ReadResourceRequestParams>(params),
        "resources/subscribe" | "resources/unsubscribe" => fault::<SubscribeRequestParams>(params),
        "prompts/get" => fault::<GetPromptRequestParams>(params),
        "completion/complete" => fault::<CompleteRequestParams>(params),
        "logging/setLevel" => fault::<SetLevelRequestParams>(params),
        _ => None,
    };
    match fault {
        Some(fault) => ErrorData::invalid_params(format!("{method}: {fault}"), None),
        None => no_method(&method),
    }
}

/// What is wrong, and at which field.
fn fault<T: DeserializeOwned>(params: Value) -> Option<String> {
    let error = serde_path_to_error::deserialize::<_, T>(params).err()?;
    let path = error.path().to_string();
    let cause = error.into_inner();
    Some(if path == "." { cause.to_string() } else { format!("`{path}`: {cause}") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_revision_has_no_more_is_unknown_whatever_its_parameters() {
        for method in REMOVED {
            assert_eq!(told(CustomRequest::new(method, None), true).code, ErrorCode::METHOD_NOT_FOUND, "{method}");
        }
    }

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        for (method, params, code, says) in [
            ("tools/call", Some(json!({"name": 1})), -32602, "`name`"),
            ("tools/call", Some(json!({"name": "x", "arguments": []})), -32602, "`arguments`"),
            ("tools/call", Some(json!({})), -32602, "missing field `name`"),
            ("tools/call", None, -32602, "missing field `name`"),
            ("tools/list", Some(json!({"cursor": 1})), -32602, "`cursor`"),
            ("resources/read", Some(json!({"uri": {}})), -32602, "`uri`"),
            ("logging/setLevel", Some(json!({"level": "loud"})), -32602, "`level`"),
            ("tools/rub", Some(json!({})), -32601, "tools/rub"),
            ("", None, -32601, "no method"),
        ] {
            let error = told(CustomRequest::new(method, params), false);
            assert!(error.code.0 == code && error.message.contains(says), "{method}: {error:?}");
        }
    }
}
