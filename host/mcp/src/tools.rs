//! Tools and what comes back from them, as MCP has it.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bricklayer_domain::{Attachment, ToolOutcome, ToolSource, ToolSpec};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ResourceContents, Tool, ToolAnnotations};
use serde_json::Value;

/// A tool's description for a client. All of it comes from the one description that the tool has.
pub(crate) fn tool(spec: &ToolSpec) -> Tool {
    let title = spec.display.title(&spec.name);
    let said = &spec.annotations;
    let annotations = ToolAnnotations::with_title(title.clone())
        .read_only(said.read_only)
        .destructive(said.destructive && !said.read_only)
        .idempotent(said.idempotent)
        // Plugins reach a far end; the host's own tools the project's folder and nothing else.
        .open_world(matches!(spec.source, ToolSource::Plugin { .. }));
    let input = object(&spec.input_schema).unwrap_or_default();
    let tool =
        Tool::new(spec.name.0.clone(), spec.description.clone(), input).with_title(title).with_annotations(annotations);
    match spec.output_schema.as_ref().and_then(object) {
        Some(output) => tool.with_raw_output_schema(output),
        None => tool,
    }
}

fn object(schema: &Value) -> Option<Arc<JsonObject>> {
    schema.as_object().cloned().map(Arc::new)
}

/// What came back, for a client: the text that a model reads, pictures and documents as they are, the typed result.
///
/// A tool that promises a typed result and succeeded without one (it was too large to keep) counts as failed: clients
/// check the promise and would show nothing of the text.
pub(crate) fn result(outcome: ToolOutcome, promises: bool) -> CallToolResult {
    let ToolOutcome { content, structured, failure, attachments, .. } = outcome;
    let mut blocks = vec![ContentBlock::text(content)];
    blocks.extend(attachments.iter().map(attachment));
    let broken = promises && structured.is_none();
    if failure.is_some() || broken {
        return CallToolResult::error(blocks);
    }
    let mut result = CallToolResult::success(blocks);
    result.structured_content = structured;
    result
}

fn attachment(attachment: &Attachment) -> ContentBlock {
    let Attachment { media_type, title, bytes } = attachment;
    let data = BASE64_STANDARD.encode(bytes);
    if media_type.is_picture() {
        return ContentBlock::image(data, media_type.as_str());
    }
    let document = ResourceContents::blob(data, format!("attachment:///{}", uri_text(title)));
    ContentBlock::resource(document.with_mime_type(media_type.as_str()))
}

/// A text within an address.
fn uri_text(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{AttachmentType, ToolErrorKind, ToolFailure};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_is_told_as_the_tool_said_it() {
        let failed = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::NotFound, "no such table"));
        let told = serde_json::to_value(result(failed, true)).unwrap();
        assert_eq!((told["isError"].as_bool(), &told["content"][0]["text"]), (Some(true), &json!("no such table")));
        assert!(told.get("structuredContent").is_none(), "{told}");
    }

    #[test]
    fn a_promised_type_is_there_or_the_call_failed() {
        let typed = |structured| ToolOutcome { structured, ..ToolOutcome::text("x") };
        for (structured, promises, error) in [
            (Some(json!({"a": 1})), true, false),
            (Some(json!({"a": 1})), false, false),
            (None, false, false),
            (None, true, true),
        ] {
            let told = result(typed(structured.clone()), promises);
            assert_eq!((told.is_error, &told.structured_content), (Some(error), &structured), "{promises}");
        }
    }

    #[test]
    fn pictures_and_documents_are_shown_as_they_are() {
        let attached = |media_type, title: &str| Attachment { media_type, title: title.into(), bytes: b"bytes".into() };
        let attachments = vec![attached(AttachmentType::Png, "a.png"), attached(AttachmentType::Pdf, "ä b.pdf")];
        let outcome = ToolOutcome { attachments, ..ToolOutcome::text("seen") };
        let told = serde_json::to_value(result(outcome, false)).unwrap();
        assert_eq!(told["content"][1], json!({"type": "image", "data": "Ynl0ZXM=", "mimeType": "image/png"}));
        let document =
            json!({"uri": "attachment:///%C3%A4%20b.pdf", "mimeType": "application/pdf", "blob": "Ynl0ZXM="});
        assert_eq!(told["content"][2], json!({"type": "resource", "resource": document}));
    }
}
