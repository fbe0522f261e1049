//! One message as it comes in over HTTP: whether it is one at all, said in the protocol's own errors.

use rmcp::ErrorData;
use serde::Deserialize;

/// How deep a message may nest: less than what its readers take (128), so that none of them is the first to find out.
const MAX_DEPTH: usize = 100;

/// What of a message is looked at before it is read whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// What it asks for; none for an answer.
    pub(crate) method: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    jsonrpc: Option<serde_json::Value>,
    method: Option<serde_json::Value>,
}

/// Reads the head of a message (JSON-RPC 2.0, sections 4 and 5.1).
///
/// # Errors
/// The error that the client is told.
pub(crate) fn head(bytes: &[u8]) -> Result<Head, ErrorData> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        let message = "batches are no part of the protocol since revision 2025-06-18; send one message at a time";
        return Err(ErrorData::invalid_request(message, None));
    }
    if depth(bytes) > MAX_DEPTH {
        let message = format!("the message nests deeper than {MAX_DEPTH} levels; flatten it");
        return Err(ErrorData::invalid_request(message, None));
    }
    let raw: Raw = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            ErrorData::invalid_request("the message must be a JSON object with `jsonrpc` and `method`", None)
        }
        _ => ErrorData::parse_error(format!("the message is not JSON: {error}"), None),
    })?;
    if raw.jsonrpc.as_ref().and_then(serde_json::Value::as_str) != Some("2.0") {
        return Err(ErrorData::invalid_request("`jsonrpc` must be \"2.0\"", None));
    }
    let method = match raw.method {
        None => None,
        Some(serde_json::Value::String(method)) => Some(method),
        Some(_) => return Err(ErrorData::invalid_request("`method` must be a string", None)),
    };
    Ok(Head { method })
}

/// How deep JSON nests, told from its brackets alone.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_brackets_outside_of_texts() {
        for (text, expect) in [
            ("", 0),
            ("1", 0),
            ("{}", 1),
            ("[[]]", 2),
            (r#"{"a":"[[["}"#, 1),
            (r#"["\"[",[]]"#, 2),
            ("]]][", 1),
            ("[][]", 1),
        ] {
            assert_eq!(depth(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_what_it_is() {
        let deep =
            format!("{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for (bytes, code, says) in [
            (b"" as &[u8], -32700, "not JSON"),
            (b"{", -32700, "not JSON"),
            (b"\xff\xfe", -32700, "not JSON"),
            (b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", -32700, "not JSON"),
            (deep.as_bytes(), -32600, "nests deeper"),
            (b"[]", -32600, "batches"),
            (b" [{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600, "batches"),
            (b"1", -32600, "JSON object"),
            (b"null", -32600, "JSON object"),
            (b"{}", -32600, "`jsonrpc`"),
            (b"{\"jsonrpc\":\"1.0\"}", -32600, "`jsonrpc`"),
            (b"{\"jsonrpc\":2.0}", -32600, "`jsonrpc`"),
            (b"{\"jsonrpc\":\"2.0\",\"method\":1}", -32600, "`method`"),
        ] {
            let error = head(bytes).unwrap_err();
            assert!(error.code.0 == code && error.message.contains(says), "{bytes:?}: {error:?}");
        }
        let method = |text: &str| head(text.as_bytes()).unwrap().method;
        assert_eq!(method("{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}").as_deref(), Some("ping"));
        assert_eq!(method("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"), None);
    }
}
