//! Which models a provider has: its own list, and what each of them can.
//!
//! Source: the references of the Messages API (list models), of chat completions (list models), and Databricks' (serving
//! endpoints). What a list does not say comes from a small table of our own.

use std::time::Duration;

use bricklayer_domain::TurnSetting;
use reqwest::StatusCode;
use serde::Deserialize;

use super::known::known;

/// Longest that a provider is waited for; a person looks at a menu meanwhile.
pub(super) const LIST_LIMIT: Duration = Duration::from_secs(10);
/// Largest list that is read, in bytes; a workspace's endpoints come with their whole configuration.
pub(super) const MAX_LIST_BYTES: usize = 4 << 20;
/// Models kept of one list; more is no choice for a person.
const MAX_MODELS: usize = 500;
/// Longest name for people, in characters.
const MAX_NAME_CHARS: usize = 120;

/// What a model can. Absent: nobody said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Tokens of a conversation.
    pub context_tokens: Option<u64>,
    /// Tokens of one answer.
    pub max_output_tokens: Option<u64>,
    /// Whether it sees pictures.
    pub pictures: Option<bool>,
    /// Whether it reads PDF documents.
    pub documents: Option<bool>,
    /// Whether it can reason before it answers.
    pub thinking: Option<bool>,
    /// Whether it calls tools.
    pub tools: Option<bool>,
    /// Whether what it read before costs less when it is read again.
    pub prompt_cache: Option<bool>,
}

impl Abilities {
    /// With what is known otherwise where nothing was said.
    const fn or(self, other: Self) -> Self {
        const fn first<T: Copy>(one: Option<T>, other: Option<T>) -> Option<T> {
            if one.is_some() { one } else { other }
        }
        Self {
            context_tokens: first(self.context_tokens, other.context_tokens),
            max_output_tokens: first(self.max_output_tokens, other.max_output_tokens),
            pictures: first(self.pictures, other.pictures),
            documents: first(self.documents, other.documents),
            thinking: first(self.thinking, other.thinking),
            tools: first(self.tools, other.tools),
            prompt_cache: first(self.prompt_cache, other.prompt_cache),
        }
    }
}

/// A model that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCard {
    /// By which it is asked.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it can.
    pub abilities: Abilities,
    /// Why it cannot be used now.
    pub unavailable: Option<String>,
}

impl ModelCard {
    /// A model of which nothing but the id is known, and what the table says of such.
    #[must_use]
    pub fn of_id(id: &str) -> Self {
        Self { id: id.to_owned(), name: id.to_owned(), abilities: known(id), unavailable: None }
    }

    /// A model as a list tells of it; none when no user could choose it.
    fn listed(id: &str, name: Option<&str>, abilities: Abilities) -> Option<Self> {
        let id = String::from(TurnSetting::parse(id).ok()??);
        let name = name.map(str::trim).filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
        let name = name.unwrap_or(&id).chars().take(MAX_NAME_CHARS).collect();
        Some(Self { abilities: abilities.or(known(&id)), id, name, unavailable: None })
    }
}

/// Why a provider gave no list; the text is for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It has none, or not where one is looked for.
    #[error("the provider has no list of its models")]
    NoList,
    /// There is no token to ask with.
    #[error("the models need your sign-in to the workspace; reload the page to sign in again")]
    NoToken,
    /// It refused the credential.
    #[error("the provider refused the credential")]
    Refused,
    /// It did not answer in time.
    #[error("the provider did not answer in time")]
    Timeout,
    /// It cannot be reached.
    #[error("the provider cannot be reached")]
    Unreachable,
    /// It failed.
    #[error("the provider answered with status {0}")]
    Failed(u16),
    /// Its answer is not what its reference says, or too large.
    #[error("the provider's list is not understood")]
    Nonsense,
}

impl ListError {
    pub(super) const fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Refused,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Self::NoList,
            status => Self::Failed(status.as_u16()),
        }
    }
}

/// Where a provider's list is, and in which form.
#[derive(Debug, Clone)]
pub(super) struct ListAt {
    pub(super) url: String,
    pub(super) form: Form,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The Messages API's.
    Messages,
    /// That of chat completions.
    Chat,
    /// A workspace's serving endpoints.
    Serving,
}

impl Form {
    /// The models of a list that can hold a conversation, in its order.
    pub(super) fn read(self, body: &[u8]) -> Result<Vec<ModelCard>, ListError> {
        let cards = match self {
            Self::Messages => parse::<Data<MessagesModel>>(body)?.data.into_iter().filter_map(messages_card).collect(),
            Self::Chat => parse::<Data<ChatModel>>(body)?.data.into_iter().filter_map(chat_card).collect(),
            Self::Serving => parse::<Endpoints>(body)?.endpoints.into_iter().filter_map(serving_card).collect(),
        };
        Ok(within_bounds(cards))
    }
}

fn within_bounds(mut cards: Vec<ModelCard>) -> Vec<ModelCard> {
    let mut seen = std::collections::HashSet::new();
    cards.retain(|card| seen.insert(card.id.clone()));
    cards.truncate(MAX_MODELS);
    cards
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ListError> {
    serde_json::from_slice(body).map_err(|_| ListError::Nonsense)
}

#[derive(Deserialize)]
struct Data<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct MessagesModel {
    id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    max_input_tokens: Option<u64>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
struct Capabilities {
    #[serde(default)]
    image_input: Option<Support>,
    #[serde(default)]
    pdf_input: Option<Support>,
    #[serde(default)]
    thinking: Option<Support>,
}

#[derive(Deserialize)]
struct Support {
    #[serde(default)]
    supported: Option<bool>,
}

fn messages_card(model: MessagesModel) -> Option<ModelCard> {
    let said = |support: Option<Support>| support.and_then(|support| support.supported);
    let (mut pictures, mut documents, mut thinking) = (None, None, None);
    if let Some(capabilities) = model.capabilities {
        pictures = said(capabilities.image_input);
        documents = said(capabilities.pdf_input);
        thinking = said(capabilities.thinking);
    }
    let abilities = Abilities {
        context_tokens: model.max_input_tokens,
        max_output_tokens: model.max_tokens,
        pictures,
        documents,
        thinking,
        ..Abilities::default()
    };
    ModelCard::listed(&model.id, model.display_name.as_deref(), abilities)
}

/// Servers name the same thing in their own ways.
#[derive(Deserialize)]
struct ChatModel {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, alias = "max_model_len", alias = "context_window")]
    context_length: Option<u64>,
    #[serde(default, alias = "max_output_tokens")]
    max_completion_tokens: Option<u64>,
}

/// Parts of the names of models that hold no conversation, in lists that do not tell what a model is for.
const NOT_FOR_CHAT: &[&str] = &[
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "moderation",
    "gpt-image",
    "transcribe",
    "realtime",
    "audio",
    "sora",
    "rerank",
    "bge-",
    "davinci",
    "babbage",
];

fn chat_card(model: ChatModel) -> Option<ModelCard> {
    let id = model.id.to_ascii_lowercase();
    if NOT_FOR_CHAT.iter().any(|part| id.contains(part)) {
        return None;
    }
    let abilities = Abilities {
        context_tokens: model.context_length,
        max_output_tokens: model.max_completion_tokens,
        ..Abilities::default()
    };
    ModelCard::listed(&model.id, model.name.as_deref(), abilities)
}

#[derive(Deserialize)]
struct Endpoints {
    /// Left out by a workspace that has none.
    #[serde(default)]
    endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    name: String,
    #[serde(default)]
    task: Option<String>,
    #[serde(default)]
    state: Option<EndpointState>,
    #[serde(default)]
    config: Option<EndpointConfig>,
}

#[derive(Deserialize)]
struct EndpointState {
    #[serde(default)]
    ready: Option<String>,
}

#[derive(Deserialize)]
struct EndpointConfig {
    #[serde(default)]
    served_entities: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(default)]
    foundation_model: Option<Named>,
    #[serde(default)]
    external_model: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
}

/// The task of endpoints that hold conversations.
const CHAT_TASK: &str = "llm/v1/chat";

fn serving_card(endpoint: Endpoint) -> Option<ModelCard> {
    if endpoint.task.as_deref() != Some(CHAT_TASK) {
        return None;
    }
    let entity = endpoint.config.and_then(|config| config.served_entities.into_iter().next());
    let served = entity.and_then(|entity| entity.foundation_model.or(entity.external_model));
    let (name, display) = served.map(|served| (served.name, served.display_name)).unwrap_or_default();
    // An endpoint may have any name; what it serves tells what it can.
    let of_served = name.as_deref().map(known).unwrap_or_default();
    let mut card = ModelCard::listed(&endpoint.name, display.as_deref(), Abilities::default())?;
    card.abilities = card.abilities.or(of_served);
    let ready = endpoint.state.and_then(|state| state.ready);
    if ready.is_some_and(|ready| ready != "READY") {
        card.unavailable = Some("its endpoint is not ready".to_owned());
    }
    Some(card)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(form: Form, list: &Value) -> Vec<ModelCard> {
        form.read(list.to_string().as_bytes()).unwrap()
    }

    fn ids(cards: &[ModelCard]) -> Vec<&str> {
        cards.iter().map(|card| card.id.as_str()).collect()
    }

    #[test]
    fn what_a_list_says_comes_before_the_table() {
        let list = json!({"data": [
            {"type": "model", "id": "claude-sonnet-4-5-20250929", "display_name": "Claude Sonnet 4.5", "max_tokens": 5,
             "capabilities": {"image_input": {"supported": false}, "batch": {"supported": true}}},
            {"type": "model", "id": "claude-sonnet-4-5-20250929"},
            {"type": "model", "id": "one\nline"},
            {"type": "model", "id": " "},
        ], "has_more": false});
        let cards = read(Form::Messages, &list);
        assert_eq!(ids(&cards), ["claude-sonnet-4-5-20250929"]);
        assert_eq!(cards[0].name, "Claude Sonnet 4.5");
        let Abilities { context_tokens, max_output_tokens, pictures, documents, .. } = cards[0].abilities;
        let expected = (Some(200_000), Some(5), Some(false), Some(true));
        assert_eq!((context_tokens, max_output_tokens, pictures, documents), expected);
    }

    #[test]
    fn only_models_that_converse_are_told() {
        let list = json!({"object": "list", "data": [
            {"id": "gpt-4o", "object": "model"},
            {"id": "text-embedding-3-large"},
            {"id": "Qwen/Qwen3-8B", "max_model_len": 40960},
        ]});
        let cards = read(Form::Chat, &list);
        assert_eq!(ids(&cards), ["gpt-4o", "Qwen/Qwen3-8B"]);
        assert_eq!(cards[1].abilities.context_tokens, Some(40_960));
        let list = json!({"endpoints": [
            {"name": "databricks-claude-sonnet-4-5", "task": "llm/v1/chat", "state": {"ready": "READY"}},
            {"name": "ours", "task": "llm/v1/chat", "state": {"ready": "NOT_READY"}, "config": {"served_entities": [
                {"external_model": {"name": "gpt-4o", "provider": "openai"}}]}},
            {"name": "databricks-bge-large-en", "task": "llm/v1/embeddings"},
            {"name": "a-forecast"},
        ]});
        let cards = read(Form::Serving, &list);
        assert_eq!(ids(&cards), ["databricks-claude-sonnet-4-5", "ours"]);
        assert_eq!((cards[0].unavailable.is_some(), cards[1].unavailable.is_some()), (false, true));
        assert_eq!(cards[1].abilities, known("gpt-4o"));
        assert_eq!(read(Form::Serving, &json!({})), []);
    }

    #[test]
    fn lists_have_bounds_and_must_be_lists() {
        let many: Vec<Value> = (0..MAX_MODELS + 9).map(|n| json!({"id": format!("m-{n}")})).collect();
        assert_eq!(read(Form::Chat, &json!({"data": many})).len(), MAX_MODELS);
        let long = json!({"data": [{"id": "x".repeat(501)}, {"id": "m", "name": "n".repeat(1000)}]});
        let cards = read(Form::Chat, &long);
        assert_eq!((ids(&cards), cards[0].name.len()), (vec!["m"], MAX_NAME_CHARS));
        for nonsense in ["", "[]", "<html>", r#"{"data": 1}"#, r#"{"data": [{"name": "x"}]}"#] {
            assert_eq!(Form::Chat.read(nonsense.as_bytes()), Err(ListError::Nonsense), "{nonsense}");
        }
    }
}
