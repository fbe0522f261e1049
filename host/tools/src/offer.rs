//! Which tools a model is told of at once, and how it finds the others.
//!
//! Definitions of many tools cost every request their tokens, and long lists make models choose worse. So beyond a bound
//! only those that their authors call the core are told, the host's before all others'; the others are found with one more
//! tool, which reads like any other call. What it found is called through the wire's own word for that (see the model's
//! side), so that the definitions at a request's beginning stay the same for a whole conversation and are cached.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use async_trait::async_trait;
use bricklayer_domain::{
    Detail, ResultKind, ToolAnnotations, ToolChoice, ToolDisplay, ToolErrorKind, ToolFailure, ToolName, ToolOutcome,
    ToolSource, ToolSpec,
};
use serde_json::{Value, json};

use crate::catalogue::ToolList;
use crate::link::CallLink;
use crate::provider::ProviderCall;

/// Bytes of definitions that a model is given at once, this tool's and the word for calling what was found included:
/// about five thousand tokens.
pub const MAX_SHOWN_BYTES: usize = 20 * 1024;

/// Bytes of the names of tools to be found; beyond, only how many each source has.
const MAX_NAMED_BYTES: usize = 6 * 1024;

/// Bytes kept for describing how tools are found and called.
const OVERHEAD_BYTES: usize = 1536;

/// Tools found when the model names no number, and at most.
const DEFAULT_FOUND: usize = 5;
const MAX_FOUND: usize = 20;

/// Bytes of definitions that one search gives; what does not fit is named.
const MAX_FOUND_BYTES: usize = 24 * 1024;

/// Letters from which on the beginning of a word is taken for the word.
const MIN_STEM: usize = 4;

/// The tool that finds tools.
pub(crate) static SEARCH: LazyLock<ToolName> = LazyLock::new(|| ToolName("search_tools".to_owned()));

/// What a model is told of a list of tools. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    found: Arc<Found>,
}

/// Lists for which an offer is kept; a host has few at a time, and each user's own plugins make one more.
const MAX_KEPT_OFFERS: usize = 64;

/// Offers that were made, so that definitions are measured once for each list of tools and choice of a project.
#[derive(Debug, Default)]
pub struct Offers {
    kept: Mutex<VecDeque<(ToolList, Arc<ToolChoice>, Offer)>>,
}

impl Offers {
    /// The offer of this list under this choice.
    pub(crate) fn of(&self, list: &ToolList, choice: &Arc<ToolChoice>) -> Offer {
        let is_same = |kept: &ToolList| {
            kept.len() == list.len() && kept.iter().zip(list.iter()).all(|(one, other)| Arc::ptr_eq(one, other))
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(tools, chosen, _)| chosen == choice && is_same(tools));
        // The newest stands in front.
        let found = place.and_then(|place| kept.remove(place));
        let entry = found.unwrap_or_else(|| (Arc::clone(list), Arc::clone(choice), Offer::of(list, choice)));
        let offer = entry.2.clone();
        kept.push_front(entry);
        kept.truncate(MAX_KEPT_OFFERS);
        offer
    }
}

/// The tools that are found.
#[derive(Debug, Default)]
struct Found {
    names: HashSet<String>,
    tools: Vec<Arc<ToolSpec>>,
    /// The tool that finds them; none when there are none.
    search: Option<Arc<ToolSpec>>,
    /// Bytes of the definitions that are told.
    told_bytes: usize,
}

impl Offer {
    /// Of this list: all at once when they fit, otherwise what the project pinned and then the core, as far as they fit,
    /// each in the list's order.
    #[must_use]
    pub fn of(list: &[Arc<ToolSpec>], choice: &ToolChoice) -> Self {
        let sizes: Vec<usize> = list.iter().map(|spec| definition_bytes(spec)).collect();
        let all: usize = sizes.iter().sum();
        if all <= MAX_SHOWN_BYTES {
            return Self { found: Arc::new(Found { told_bytes: all, ..Found::default() }) };
        }
        let named: usize = list.iter().map(|spec| spec.name.0.len() + 2).sum();
        let mut room = MAX_SHOWN_BYTES.saturating_sub(OVERHEAD_BYTES + named.min(MAX_NAMED_BYTES));
        let mut told = vec![false; list.len()];
        let by_itself = |spec: &ToolSpec| spec.annotations.core;
        let pinned = |spec: &ToolSpec| choice.pins(spec);
        let passes: [&dyn Fn(&ToolSpec) -> bool; 2] = [&pinned, &by_itself];
        for is_first in passes {
            for ((spec, size), told) in list.iter().zip(&sizes).zip(&mut told) {
                if !*told && *size <= room && is_first(spec) {
                    room -= size;
                    *told = true;
                }
            }
        }
        let found = list.iter().zip(&told).filter(|(_, told)| !**told);
        let tools: Vec<_> = found.map(|(spec, _)| Arc::clone(spec)).collect();
        let names = tools.iter().map(|spec| spec.name.0.clone()).collect();
        let search = Some(Arc::new(search_spec(&tools)));
        let told = sizes.iter().zip(&told).filter(|(_, told)| **told).map(|(size, _)| size);
        let told_bytes = told.sum::<usize>() + search.as_deref().map_or(0, definition_bytes);
        Self { found: Arc::new(Found { names, tools, search, told_bytes }) }
    }

    /// Bytes of the definitions that a model is given at once.
    #[must_use]
    pub fn told_bytes(&self) -> usize {
        self.found.told_bytes
    }

    /// Whether the model has to find this one.
    #[must_use]
    pub fn is_found(&self, name: &str) -> bool {
        self.found.names.contains(name)
    }

    /// Whether there is anything to find.
    #[must_use]
    pub fn finds(&self) -> bool {
        self.found.search.is_some()
    }

    /// The tool that finds the others, when there are any.
    #[must_use]
    pub fn search(&self) -> Option<&Arc<ToolSpec>> {
        self.found.search.as_ref()
    }

    /// A call of that tool; none when this is another name.
    pub(crate) fn call(&self, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let spec = Arc::clone(self.search().filter(|spec| spec.name == *name)?);
        Some(Box::new(SearchCall { spec, found: Arc::clone(&self.found), input: input.clone() }))
    }
}

/// What a definition takes in a request.
fn definition_bytes(spec: &ToolSpec) -> usize {
    /// Counts what is written.
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(spec.name.0.len() + spec.description.len());
    // Counting does not fail.
    let _ = serde_json::to_writer(&mut count, &spec.input_schema);
    count.0
}

fn search_spec(tools: &[Arc<ToolSpec>]) -> ToolSpec {
    let named: usize = tools.iter().map(|spec| spec.name.0.len() + 2).sum();
    let mut families: Vec<(&str, Vec<&str>)> = Vec::new();
    for spec in tools {
        let family = family(spec);
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, names)) => names.push(&spec.name.0),
            None => families.push((family, vec![&spec.name.0])),
        }
    }
    let listed: Vec<String> = families
        .into_iter()
        .map(|(family, names)| match named <= MAX_NAMED_BYTES {
            true => format!("- {family}: {}", names.join(", ")),
            false => format!("- {family}: {} tools", names.len()),
        })
        .collect();
    ToolSpec {
        name: SEARCH.clone(),
        source: ToolSource::BuiltIn,
        description: format!(
            "Finds tools that are not listed here, and tells their arguments. Use it before you say that something \
             cannot be done. What it finds is called with call_tool. There are:\n{}",
            listed.join("\n")
        ),
        input_schema: json!({
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": "What the tool should do, in a few words (\"run a job\"), or names of tools."
                },
                "limit": {
                    "type": "integer", "minimum": 1, "maximum": MAX_FOUND,
                    "description": format!("Tools told at most; {DEFAULT_FOUND} when left out.")
                }
            },
            "required": ["query"],
            "additionalProperties": false
        }),
        output_schema: None,
        annotations: ToolAnnotations::reads(),
        display: ToolDisplay {
            title: Some("Find tools".to_owned()),
            detail: Detail::parse("{query}").ok(),
            result: Some(ResultKind::Text),
        },
        resources: Default::default(),
    }
}

/// What a person would call a tool's source.
fn family(spec: &ToolSpec) -> &str {
    match &spec.source {
        ToolSource::BuiltIn => "the host's own",
        source @ ToolSource::Plugin { .. } => source.family(),
    }
}

/// A search.
#[derive(Debug)]
struct SearchCall {
    spec: Arc<ToolSpec>,
    found: Arc<Found>,
    input: Value,
}

#[async_trait]
impl ProviderCall for SearchCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    async fn run(&self, _link: CallLink) -> ToolOutcome {
        let query = self.input.get("query").and_then(Value::as_str).unwrap_or_default();
        let limit = self.input.get("limit").map_or(Some(DEFAULT_FOUND as u64), Value::as_u64);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| (1..=MAX_FOUND).contains(limit));
        let invalid = |message: String| ToolOutcome::failed(ToolFailure::new(ToolErrorKind::InvalidInput, message));
        match limit {
            _ if words(query).next().is_none() => invalid("query: say in words what the tool should do".to_owned()),
            None => invalid(format!("limit: must be a whole number from 1 to {MAX_FOUND}")),
            Some(limit) => ToolOutcome::text(told(&best(&self.found.tools, query), limit)),
        }
    }
}

/// The tools that have to do with a query, the likeliest first.
fn best<'a>(tools: &'a [Arc<ToolSpec>], query: &str) -> Vec<&'a ToolSpec> {
    let wanted: Vec<String> = words(query).collect();
    let mut scored: Vec<(u32, &ToolSpec)> =
        tools.iter().map(|spec| (score(spec, query, &wanted), &**spec)).filter(|(score, _)| *score > 0).collect();
    // Equals stay in the order of the list.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, spec)| spec).collect()
}

/// A word in the name says most, one in the text least; a name in full outweighs all words.
fn score(spec: &ToolSpec, query: &str, wanted: &[String]) -> u32 {
    const NAMED: u32 = 1000;
    let of = |text: &str, weight: u32| {
        let has: Vec<String> = words(text).collect();
        let hits = wanted.iter().filter(|word| has.iter().any(|other| is_same(word, other))).count();
        u32::try_from(hits).unwrap_or(u32::MAX).saturating_mul(weight)
    };
    let names = || query.split(|c: char| c.is_whitespace() || c == ',');
    let is_named = names().any(|name| name == spec.name.0 || name == spec.name.short());
    let title = spec.display.title.as_deref().unwrap_or_default();
    let all = [of(spec.name.short(), 6), of(title, 4), of(family(spec), 2), of(&spec.description, 1)];
    all.into_iter().fold(if is_named { NAMED } else { 0 }, u32::saturating_add)
}

/// Whether two words mean the same: `jobs` and `job`, `uploads` and `upload`.
fn is_same(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short == long || (long.starts_with(short) && (short.len() >= MIN_STEM || long.strip_suffix('s') == Some(short)))
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Definitions for the model.
fn told(found: &[&ToolSpec], limit: usize) -> String {
    if found.is_empty() {
        return "No tool has to do with these words. Try others; the names of all tools are in the description of \
                search_tools."
            .to_owned();
    }
    let mut text = String::new();
    let mut told = 0;
    for spec in found.iter().take(limit) {
        let ToolSpec { name, description, input_schema, .. } = spec;
        let one = format!("## {name}\n{description}\nArguments (JSON Schema): {input_schema}\n\n");
        // The first is told whatever it takes.
        if told > 0 && text.len() + one.len() > MAX_FOUND_BYTES {
            break;
        }
        text.push_str(&one);
        told += 1;
    }
    let named: Vec<&str> = found.iter().skip(told).take(MAX_FOUND).map(|spec| spec.name.0.as_str()).collect();
    text.push_str("Call one of them with call_tool: its name, and its arguments as the schema says.");
    if !named.is_empty() {
        text.push_str(&format!("\nFound as well, search for their names to see them: {}", named.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests;
