//! The tree of a bundle: values that know where they were written.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, from the project's folder.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Place {
    /// The folder of the file; relative paths in a bundle go from there.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// A value and where it was written; what the library adds was written nowhere.
#[derive(Debug, Clone)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it was written.
    pub place: Option<Place>,
    /// Whether it has an anchor, so that it can be there for others.
    pub(crate) is_anchor: bool,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A mapping.
    Map(Map),
}

/// A mapping, in the order in which it was written.
#[derive(Debug, Clone, Default)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub place: Option<Place>,
    /// The value.
    pub value: Value,
}

impl Map {
    /// Its entries.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Its entries, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Entry> {
        self.entries.iter_mut()
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// Sets the value of a key; one that is there keeps its place in the order.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.get_mut(key) {
            Some(old) => *old = value,
            None => self.push(Entry { key: key.to_owned(), place: value.place.clone(), value }),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Appends an entry whose key is not there yet.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Keeps the entries for which this holds.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
    }
}

impl IntoIterator for Map {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<(&'static str, Value)> for Map {
    fn from_iter<T: IntoIterator<Item = (&'static str, Value)>>(pairs: T) -> Self {
        let mut map = Self::default();
        for (key, value) in pairs {
            map.set(key, value);
        }
        map
    }
}

impl Value {
    /// A value that was written here.
    #[must_use]
    pub fn new(kind: Kind, place: Option<Place>) -> Self {
        Self { kind, place, is_anchor: false }
    }

    /// A text that the library adds.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Kind::Text(text.into()), None)
    }

    /// A truth value that the library adds.
    #[must_use]
    pub fn bool(value: bool) -> Self {
        Self::new(Kind::Bool(value), None)
    }

    /// A number that the library adds.
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self::new(Kind::Int(value), None)
    }

    /// A mapping that the library adds.
    pub fn map(pairs: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::new(Kind::Map(pairs.into_iter().collect()), None)
    }

    /// A list that the library adds.
    #[must_use]
    pub fn list(items: Vec<Self>) -> Self {
        Self::new(Kind::List(items), None)
    }

    /// The same at another place.
    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// The text, of a text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, of one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, of a whole one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The items, of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a list, to be changed.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The mapping, of one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, to be changed.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The value below these keys.
    #[must_use]
    pub fn get(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| value.as_map()?.get(key))
    }

    /// The value below these keys, to be changed.
    pub fn get_mut(&mut self, keys: &[&str]) -> Option<&mut Self> {
        keys.iter().try_fold(self, |value, key| value.as_map_mut()?.get_mut(key))
    }

    /// The text below these keys.
    #[must_use]
    pub fn text_at(&self, keys: &[&str]) -> Option<&str> {
        self.get(keys)?.as_text()
    }

    /// The items of the list below these keys; none where there is no list.
    #[must_use]
    pub fn items_at(&self, keys: &[&str]) -> &[Self] {
        self.get(keys).and_then(Self::as_list).unwrap_or_default()
    }

    /// The entries of the mapping below these keys; none where there is no mapping.
    pub fn entries_at(&self, keys: &[&str]) -> std::slice::Iter<'_, Entry> {
        self.get(keys).and_then(Self::as_map).map_or([].iter(), Map::iter)
    }

    /// Sets the value of a key of a mapping; anything else becomes a mapping first.
    pub fn set(&mut self, key: &str, value: Self) {
        if self.as_map().is_none() {
            self.kind = Kind::Map(Map::default());
        }
        if let Some(map) = self.as_map_mut() {
            map.set(key, value);
        }
    }

    /// Sets the value of a key that nobody wrote.
    pub(crate) fn add(&mut self, key: &str, value: Self) {
        self.set(key, value);
        if let Some(entry) = self.as_map_mut().and_then(|map| map.entries.iter_mut().find(|entry| entry.key == key)) {
            entry.place = None;
        }
    }

    /// Sets the value of a key of a mapping that has not got it, or has nothing there.
    pub fn set_default(&mut self, key: &str, value: Self) {
        if self.get(&[key]).is_none_or(Self::is_null) {
            self.set(key, value);
        }
    }

    /// The mapping below a key, made where there is none.
    pub(crate) fn section(&mut self, key: &str) -> Option<&mut Self> {
        if self.get(&[key]).and_then(Self::as_map).is_none() {
            self.set(key, Self::map([]));
        }
        self.get_mut(&[key])
    }

    /// A scalar as a text that holds other text takes it in; none for lists and mappings.
    #[must_use]
    pub fn display(&self) -> Option<String> {
        match &self.kind {
            Kind::Null => Some(String::new()),
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Int(value) => Some(value.to_string()),
            Kind::Float(value) => Some(Json::from(*value).to_string().trim_end_matches(".0").to_owned()),
            Kind::Text(text) => Some(text.clone()),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Int(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The same as JSON; keys without a value are left out, as in what the workspace is sent.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Bool(value) => Json::Bool(*value),
            Kind::Int(value) => Json::from(*value),
            Kind::Float(value) => Json::from(*value),
            Kind::Text(text) => Json::String(text.clone()),
            Kind::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(map) => {
                let given = map.iter().filter(|entry| !entry.value.is_null());
                Json::Object(given.map(|entry| (entry.key.clone(), entry.value.to_json())).collect())
            }
        }
    }
}

/// The way to a value while a tree is walked: nothing is allocated before it is written out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    /// The root.
    pub(crate) const ROOT: At<'static> = At { parent: None, step: Step::Root };

    pub(crate) fn key(&'a self, key: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else { return Ok(()) };
        parent.fmt(f)?;
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) if matches!(parent.step, Step::Root) => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}
