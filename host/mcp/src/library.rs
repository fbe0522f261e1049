//! What a client may look up beside tools: resources and prompts, in the host's terms.

/// Something to read, by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its address.
    pub uri: String,
    /// Its last part, for lists.
    pub name: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// Its media type, where it is known without reading it.
    pub media_type: Option<String>,
    /// Its size in bytes, where it is known.
    pub size: Option<u64>,
}

/// Addresses of one form (RFC 6570).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceForm {
    /// The form: `project:///{+path}`.
    pub template: &'static str,
    /// What they are, in a word.
    pub name: &'static str,
    /// In a sentence.
    pub description: &'static str,
}

/// What is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The address.
    pub uri: String,
    /// What it is.
    pub media_type: String,
    /// All of it.
    pub body: Body,
}

/// What something is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Text.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// What a user may have put to the model by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What the user may say with it.
    pub arguments: Vec<Argument>,
}

/// What a user may say with a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether the prompt needs it.
    pub required: bool,
}

/// A part of a prompt, as the user's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Text(String),
    /// A thing that goes with them.
    Content(Content),
}

/// What is to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completing<'a> {
    /// An argument of a prompt, by the prompt's name.
    Prompt(&'a str),
    /// A variable of a form of addresses.
    Form(&'a str),
}
