//! The Anthropic Messages API, streaming: direct, or any gateway that speaks it, such as Databricks'
//! `/serving-endpoints/anthropic` with the caller's own token.
//!
//! Source: the API's reference (Messages, streaming, errors).

mod assemble;
mod request;

use std::sync::Arc;

use bricklayer_domain::Redactor;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::ModelRequest;
use super::features::Features;
use super::list::{Form, ListAt};
use super::send::{Addresses, Assemble, HttpModel, ModelSetupError, ProviderSettings, Wire};
use assemble::Assembler;

/// The protocol version that every gateway knows.
const VERSION: &str = "2023-06-01";

/// A model behind the Messages API at `base_url` (everything before `/v1/messages`).
///
/// # Errors
/// [`ModelSetupError::Header`] when the credential or a header cannot be sent.
pub fn model(client: reqwest::Client, settings: ProviderSettings) -> Result<HttpModel, ModelSetupError> {
    let base = settings.base_url.as_str().trim_end_matches('/');
    let base = base.strip_suffix("/v1").unwrap_or(base);
    // One page of the list takes as many.
    let list = ListAt { url: format!("{base}/v1/models?limit=1000"), form: Form::Messages };
    let addresses = Addresses { ask: format!("{base}/v1/messages"), list: Some(list) };
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
    let wire = Messages { thinking: settings.thinking.clone() };
    HttpModel::over(wire, addresses, headers, client, settings)
}

/// The wire.
#[derive(Debug)]
struct Messages {
    thinking: Option<Value>,
}

impl Wire for Messages {
    fn name(&self) -> &'static str {
        "the Messages API"
    }

    fn body(&self, request: &ModelRequest, used: Features) -> Vec<u8> {
        request::body(request, self.thinking.as_ref(), used)
    }

    fn assembler(&self, redactor: Arc<Redactor>) -> Box<dyn Assemble> {
        Box::new(Assembler::new(redactor))
    }
}
