//! Results: what a tool made for people, kept whole by the host beside the answer that the model reads.
//!
//! ```ignore
//! let mut result = results::table([("city", "STRING"), ("trips", "BIGINT")])
//!     .title("Trips by city")
//!     .open(host)?;
//! result.append_rows(&[("Ancona", 12), ("Zug", 7)])?;
//! let kept = result.finish()?;
//! ```
//!
//! Dropping a result that was not finished leaves it to the end of the call, where it is kept as partial.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::{Failure, Kind, Platform};

/// Bytes of rows that one append hands over at most; what is longer is cut into several.
const MAX_APPEND_BYTES: usize = 16 * 1024 * 1024;

/// What a result is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Rows of typed columns.
    Table,
    /// Text in UTF-8.
    Text,
    /// A picture.
    Image,
    /// Any other bytes.
    File,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as SQL spells it: `BIGINT`, `DECIMAL(10,2)`, `STRING`.
    pub type_text: String,
}

impl<N: Into<String>, T: Into<String>> From<(N, T)> for Column {
    fn from((name, type_text): (N, T)) -> Self {
        Self { name: name.into(), type_text: type_text.into() }
    }
}

/// Where a result comes from; see `origin` in `wit/host.wit`. What is not known is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origin {
    /// The workspace's id of the statement.
    pub statement_id: Option<String>,
    /// The statement, exactly as it was sent.
    pub statement: Option<String>,
    /// Its parameters as JSON.
    pub parameters: Option<String>,
    /// What it ran on.
    pub warehouse: Option<String>,
    /// The catalog in force.
    pub catalog: Option<String>,
    /// The schema in force.
    pub schema: Option<String>,
    /// When the work began, since 1970 began.
    pub started: Option<Duration>,
    /// How long the source took.
    pub took: Option<Duration>,
    /// Rows that the source says there are.
    pub rows: Option<u64>,
    /// Bytes that the source says there are.
    pub bytes: Option<u64>,
    /// Whether the source cut its answer.
    pub truncated: Option<bool>,
}

/// What is about to be written; made by [`table`], [`text`], [`image`] and [`file`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewResult {
    /// What it is made of.
    pub content: Content,
    /// What a person reads above it.
    pub title: Option<String>,
    /// The media type of a text, image or file.
    pub media_type: Option<String>,
    /// The name under which a file is saved.
    pub file_name: Option<String>,
    /// The columns of a table.
    pub columns: Vec<Column>,
    /// Where it comes from.
    pub origin: Origin,
    /// The tool and the JSON arguments that make this very result again, when that is not the whole call.
    pub again: Option<(String, String)>,
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Each as text: what the other lists do not hold exactly.
    Texts(Vec<Option<String>>),
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Whole numbers of 32 bits.
    Integers(Vec<Option<i32>>),
    /// Truths.
    Booleans(Vec<Option<bool>>),
}

/// Whether a result takes more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It was taken.
    Taken,
    /// A bound is reached, and more would be for nothing; the text says which bound.
    Full(String),
}

/// A result that is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Rows that are kept.
    pub rows: u64,
    /// Bytes of its values that are kept.
    pub bytes: u64,
    /// Why it is not all that there was.
    pub cut: Option<String>,
}

/// Why nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultError {
    /// There is nowhere to keep it, now or for this call: the tool goes on without.
    Unavailable(String),
    /// What was given does not fit.
    Invalid(String),
    /// The call has as many results, or as many bytes in them, as it may.
    TooMany(String),
}

impl fmt::Display for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unavailable(why) | Self::Invalid(why) | Self::TooMany(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for ResultError {}

impl From<ResultError> for Failure {
    fn from(error: ResultError) -> Self {
        let kind = match &error {
            ResultError::Unavailable(_) => Kind::Upstream,
            ResultError::Invalid(_) => Kind::Failed,
            ResultError::TooMany(_) => Kind::LimitExceeded,
        };
        Failure::new(kind, format!("the result was not kept: {error}"))
    }
}

fn new(content: Content) -> NewResult {
    NewResult {
        content,
        title: None,
        media_type: None,
        file_name: None,
        columns: Vec::new(),
        origin: Origin::default(),
        again: None,
    }
}

/// A table with these columns: names and SQL types.
pub fn table<C: Into<Column>>(columns: impl IntoIterator<Item = C>) -> NewResult {
    NewResult { columns: columns.into_iter().map(Into::into).collect(), ..new(Content::Table) }
}

/// A text, such as `text/plain` or `application/json`.
pub fn text(media_type: impl Into<String>) -> NewResult {
    NewResult { media_type: Some(media_type.into()), ..new(Content::Text) }
}

/// A picture, such as `image/png`.
pub fn image(media_type: impl Into<String>) -> NewResult {
    NewResult { media_type: Some(media_type.into()), ..new(Content::Image) }
}

/// A file that is saved under a name.
pub fn file(name: impl Into<String>, media_type: impl Into<String>) -> NewResult {
    NewResult { file_name: Some(name.into()), media_type: Some(media_type.into()), ..new(Content::File) }
}

impl NewResult {
    /// What a person reads above it.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// The tool of this plugin, in snake case, and the JSON object of arguments that make this very result again.
    #[must_use]
    pub fn again(self, tool: impl Into<String>, input: impl Into<String>) -> Self {
        Self { again: Some((tool.into(), input.into())), ..self }
    }

    /// Begins it.
    ///
    /// # Errors
    /// [`ResultError::Unavailable`] where there is nowhere to keep it: a tool goes on without.
    pub fn open<P: Platform>(self, platform: &P) -> Result<OpenResult<'_, P>, ResultError> {
        let (handle, id) = platform.open_result(&self)?;
        Ok(OpenResult { platform, handle, id })
    }
}

/// A result that takes content.
#[derive(Debug)]
pub struct OpenResult<'a, P> {
    platform: &'a P,
    handle: u32,
    id: String,
}

impl<P: Platform> OpenResult<'_, P> {
    /// Its id, which is good from now on.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Appends rows: a list of lists, tuples or arrays, one value per column.
    ///
    /// # Errors
    /// [`ResultError`]; the rows before a wrong one were taken.
    pub fn append_rows<R: Serialize>(&mut self, rows: &[R]) -> Result<Appended, ResultError> {
        let mut json = Vec::new();
        for row in rows {
            let start = json.len();
            json.push(if start == 0 { b'[' } else { b',' });
            serde_json::to_writer(&mut json, row).map_err(|error| ResultError::Invalid(error.to_string()))?;
            if json.len() >= MAX_APPEND_BYTES && start > 0 {
                let mut row = json.split_off(start);
                json.push(b']');
                if let full @ Appended::Full(_) = self.append_json(&json)? {
                    return Ok(full);
                }
                if let Some(first) = row.first_mut() {
                    *first = b'[';
                }
                json = row;
            }
        }
        if json.is_empty() {
            return Ok(Appended::Taken);
        }
        json.push(b']');
        self.append_json(&json)
    }

    /// Appends rows as JSON, such as a chunk of a statement's result as it came: an array of arrays.
    ///
    /// # Errors
    /// [`ResultError`]; the rows before a wrong one were taken.
    pub fn append_json(&mut self, rows: &[u8]) -> Result<Appended, ResultError> {
        self.platform.append_rows(self.handle, rows)
    }

    /// Appends rows as columns of one length.
    ///
    /// # Errors
    /// [`ResultError`].
    pub fn append_columns(&mut self, columns: &[ColumnValues]) -> Result<Appended, ResultError> {
        self.platform.append_columns(self.handle, columns)
    }

    /// Appends bytes of a text, image or file.
    ///
    /// # Errors
    /// [`ResultError`].
    pub fn append_bytes(&mut self, bytes: &[u8]) -> Result<Appended, ResultError> {
        for part in bytes.chunks(MAX_APPEND_BYTES) {
            if let full @ Appended::Full(_) = self.platform.append_bytes(self.handle, part)? {
                return Ok(full);
            }
        }
        Ok(Appended::Taken)
    }

    /// Ends it, whole.
    ///
    /// # Errors
    /// [`ResultError`]; what was stored before stays, as partial.
    pub fn finish(self) -> Result<Finished, ResultError> {
        self.platform.finish_result(self.handle, true, None)
    }

    /// Ends it, whole, with all that is known of its origin now.
    ///
    /// # Errors
    /// As [`OpenResult::finish`].
    pub fn finish_with(self, origin: &Origin) -> Result<Finished, ResultError> {
        self.platform.finish_result(self.handle, true, Some(origin))
    }

    /// Ends it as partial, because the work broke off.
    ///
    /// # Errors
    /// As [`OpenResult::finish`].
    pub fn break_off(self, origin: Option<&Origin>) -> Result<Finished, ResultError> {
        self.platform.finish_result(self.handle, false, origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Script;

    #[test]
    fn rows_go_as_json_and_none_go_nowhere() {
        let script = Script::new().with_results();
        let mut result = table([("a", "STRING"), ("b", "BIGINT")]).title("t").open(&script).unwrap();
        result.append_rows(&[("x", Some(1)), ("y", None)]).unwrap();
        result.append_rows::<(String, u8)>(&[]).unwrap();
        result.append_rows(&[["z", "9007199254740993"]]).unwrap();
        result.finish().unwrap();
        let kept = &script.results()[0];
        assert_eq!(kept.parts, [r#"[["x",1],["y",null]]"#, r#"[["z","9007199254740993"]]"#]);
        assert_eq!(kept.ended, Some((true, None)));
    }

    #[test]
    fn without_a_store_the_tool_is_told() {
        let script = Script::new();
        assert!(matches!(text("text/plain").open(&script), Err(ResultError::Unavailable(_))));
    }
}
