//! OpenAI-compatible chat completions, streaming: OpenAI, Databricks Model Serving and AI Gateway, servers on one's own
//! machine.
//!
//! Source: OpenAI's reference (chat completions, streaming) and Databricks' (foundation model APIs, reasoning content as
//! lists). Servers differ, so the reader is tolerant to what is left out.

mod assemble;
mod request;

use std::sync::Arc;

use bricklayer_domain::Redactor;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::ModelRequest;
use super::features::Features;
use super::list::{Form, ListAt};
use super::send::{Addresses, Assemble, HttpModel, ModelSetupError, ProviderSettings, Wire};
use assemble::Assembler;

/// A model behind chat completions at `base_url` (everything before `/chat/completions`, as the official client has it).
///
/// # Errors
/// [`ModelSetupError::Header`] when the credential or a header cannot be sent.
pub fn model(client: reqwest::Client, settings: ProviderSettings) -> Result<HttpModel, ModelSetupError> {
    let list = format!("{}/models", settings.base_url.as_str().trim_end_matches('/'));
    listed(client, settings, Some(ListAt { url: list, form: Form::Chat }))
}

/// The same with its list elsewhere, or nowhere.
pub(super) fn listed(
    client: reqwest::Client,
    settings: ProviderSettings,
    list: Option<ListAt>,
) -> Result<HttpModel, ModelSetupError> {
    let url = format!("{}/chat/completions", settings.base_url.as_str().trim_end_matches('/'));
    let wire = ChatCompletions { thinking: settings.thinking.clone() };
    HttpModel::over(wire, Addresses { ask: url, list }, HeaderMap::new(), client, settings)
}

/// The wire.
#[derive(Debug)]
struct ChatCompletions {
    thinking: Option<Value>,
}

impl Wire for ChatCompletions {
    fn name(&self) -> &'static str {
        "chat completions"
    }

    fn body(&self, request: &ModelRequest, used: Features) -> Vec<u8> {
        request::body(request, self.thinking.as_ref(), used)
    }

    fn assembler(&self, redactor: Arc<Redactor>) -> Box<dyn Assemble> {
        Box::new(Assembler::new(redactor))
    }
}
