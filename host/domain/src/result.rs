//! Results: what a tool produced for people, kept whole as an object of its own, with its origin.
//!
//! Plain data; how rows are kept and read is `host/results`'.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use serde_json::Value;

use crate::{ConversationId, LaneId, ProjectId, ResultId, ToolCallId, TurnId, UserId};

/// What a result is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultContent {
    /// Rows of typed columns.
    Table,
    /// Text in UTF-8.
    Text,
    /// A picture.
    Image,
    /// Any other bytes.
    File,
}

impl ResultContent {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Table, Self::Text, Self::Image, Self::File];

    /// Its word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Where a result is in its life: open until its writer finishes it, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultState {
    /// Being written.
    Open,
    /// Its writer finished it; [`ResultCut`] says when it is not all that there was.
    Complete,
    /// Its writer ended before it was whole: what it has is what had come by then.
    Partial,
}

impl ResultState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Complete, Self::Partial];

    /// Its word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Partial => "partial",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why a result is not all that there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultCut {
    /// The setting for one result.
    ResultLimit,
    /// The setting for the results of one conversation.
    ConversationLimit,
    /// The setting for the results of one user.
    UserLimit,
    /// The call asked for no more rows, and there are more.
    RowLimit,
    /// The source itself gave no more: the workspace cut its answer.
    Source,
    /// The call was stopped, or failed.
    Interrupted,
    /// The host that wrote it died, or lost the database.
    Lost,
    /// The disk or the database was full.
    StorageFull,
}

impl ResultCut {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::ResultLimit,
        Self::ConversationLimit,
        Self::UserLimit,
        Self::RowLimit,
        Self::Source,
        Self::Interrupted,
        Self::Lost,
        Self::StorageFull,
    ];

    /// Its word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResultLimit => "result_limit",
            Self::ConversationLimit => "conversation_limit",
            Self::UserLimit => "user_limit",
            Self::RowLimit => "row_limit",
            Self::Source => "source",
            Self::Interrupted => "interrupted",
            Self::Lost => "lost",
            Self::StorageFull => "storage_full",
        }
    }

    /// The reason of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cut| cut.as_str() == word)
    }

    /// What happened and what to do about it, for a person or a model.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ResultLimit => {
                "it is larger than one result may be (`results.result_mib`, `results.result_rows`); ask for less at \
                 once, or have the rest written to a table or a file"
            }
            Self::ConversationLimit => {
                "this conversation holds as many results as it may (`results.conversation_mib`); go on in a new one"
            }
            Self::UserLimit => {
                "you have as many results as you may (`results.user_mib`); delete conversations that you no longer need"
            }
            Self::RowLimit => {
                "the call asked for no more rows, and there are more; ask with a higher row limit, or with none, for \
                 the rest"
            }
            Self::Source => "the workspace cut its answer; ask for less at once, or narrow the statement",
            Self::Interrupted => "the call ended before it was whole; run it again for the rest",
            Self::Lost => "the host that made it stopped in between; run it again for the rest",
            Self::StorageFull => "the server's disk or database is full; tell the operator",
        }
    }
}

/// How a column's values are kept: exact, to the last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ColumnType {
    /// Whole numbers of up to 64 bits.
    Integer,
    /// Numbers with so many digits after the point.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// Binary floating point of 64 bits.
    Double,
    /// Binary floating point of 32 bits.
    Float,
    /// True or false.
    Boolean,
    /// Text.
    String,
    /// Bytes.
    Binary,
    /// A day.
    Date,
    /// A moment, to the microsecond.
    Timestamp,
    /// A date and a time of day without a zone, to the microsecond.
    TimestampNtz,
    /// Anything nested or otherwise typed (arrays, maps, structs, variants, intervals): its text as the source wrote
    /// it, which is JSON for nested values. The column's source type says what it is.
    Json,
}

/// Digits of a decimal at most.
pub const MAX_DECIMAL_PRECISION: u8 = 38;

impl ColumnType {
    /// One of each kind.
    pub const EXAMPLES: [Self; 11] = [
        Self::Integer,
        Self::Decimal { precision: MAX_DECIMAL_PRECISION, scale: 10 },
        Self::Double,
        Self::Float,
        Self::Boolean,
        Self::String,
        Self::Binary,
        Self::Date,
        Self::Timestamp,
        Self::TimestampNtz,
        Self::Json,
    ];

    /// The type for a Databricks type as the SQL API writes it, such as `BIGINT` or `DECIMAL(10,2)`. What is not known
    /// is kept as its text.
    #[must_use]
    pub fn of_source(text: &str) -> Self {
        let text = text.trim().to_ascii_uppercase();
        let (name, arguments) = text.split_once('(').map_or((&*text, None), |(name, rest)| (name.trim(), Some(rest)));
        match name {
            "BYTE" | "TINYINT" | "SHORT" | "SMALLINT" | "INT" | "INTEGER" | "LONG" | "BIGINT" => Self::Integer,
            "DECIMAL" | "DEC" | "NUMERIC" => {
                let mut numbers = arguments.unwrap_or_default().trim_end_matches(')').split(',').map(str::trim);
                let mut number = || numbers.next().and_then(|number| number.parse().ok());
                // Spark's own when none are given.
                let (precision, scale) = (number().unwrap_or(10), number().unwrap_or(0));
                Self::decimal(precision, scale).unwrap_or(Self::Json)
            }
            "DOUBLE" => Self::Double,
            "FLOAT" | "REAL" => Self::Float,
            "BOOLEAN" | "BOOL" => Self::Boolean,
            "STRING" | "CHAR" | "VARCHAR" | "TEXT" => Self::String,
            "BINARY" => Self::Binary,
            "DATE" => Self::Date,
            "TIMESTAMP" | "TIMESTAMP_LTZ" => Self::Timestamp,
            "TIMESTAMP_NTZ" => Self::TimestampNtz,
            _ => Self::Json,
        }
    }

    /// Its word in the API and on the wire, without the digits of a decimal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Double => "double",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::TimestampNtz => "timestamp_ntz",
            Self::Json => "json",
        }
    }

    /// A decimal type; none when there can be no such type.
    #[must_use]
    pub const fn decimal(precision: u8, scale: u8) -> Option<Self> {
        if precision == 0 || precision > MAX_DECIMAL_PRECISION || scale > precision {
            return None;
        }
        Some(Self::Decimal { precision, scale })
    }

    /// Whether its values are numbers.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal { .. } | Self::Double | Self::Float)
    }

    /// Whether its values are points in time.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampNtz)
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// Its name, which need not be the only one of its kind: columns are told apart by their place.
    pub name: String,
    /// How its values are kept.
    #[serde(flatten)]
    pub kind: ColumnType,
    /// The source's own word for its type, such as `ARRAY<STRUCT<a: INT>>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
}

/// Where a result came from: its proof. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultOrigin {
    /// The tool that made it, by the name that the model calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The workspace's id of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_id: Option<String>,
    /// The statement, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Its parameters, as they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// The workspace's host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The warehouse's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_id: Option<String>,
    /// The catalog in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The schema in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// When the work began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// How long the source took for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Rows that the source says there are, which may be more than were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes that the source says there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether the source cut its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
    /// The result that this one was run again from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<ResultId>,
    /// The call that makes this very result again, when that is not the call that made it: one statement of a script,
    /// say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<CallAgain>,
}

/// A call that makes a result again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAgain {
    /// The tool, by the name that the model calls it.
    pub tool: String,
    /// Its arguments.
    pub input: Value,
}

/// What a result is, whatever is in it: known when it is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultHead {
    /// What it is made of.
    pub content: ResultContent,
    /// What a person reads above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The media type of a text, image or file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The name that a file has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The columns of a table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ResultColumn>,
}

impl ResultHead {
    /// Of a result without a name.
    #[must_use]
    pub const fn new(content: ResultContent) -> Self {
        Self { content, title: None, media_type: None, file_name: None, columns: Vec::new() }
    }

    /// Of a table without a name.
    #[must_use]
    pub fn table(columns: Vec<ResultColumn>) -> Self {
        Self { columns, ..Self::new(ResultContent::Table) }
    }

    /// As a reference tells it: with the first columns, at most [`MAX_REFERENCE_COLUMNS`].
    #[must_use]
    pub fn shortened(&self) -> Self {
        let Self { content, title, media_type, file_name, columns } = self;
        Self {
            content: *content,
            title: title.clone(),
            media_type: media_type.clone(),
            file_name: file_name.clone(),
            columns: columns.iter().take(MAX_REFERENCE_COLUMNS).cloned().collect(),
        }
    }
}

/// A result that is about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewResult {
    /// Whose it is.
    pub user: UserId,
    /// In which project.
    pub project: ProjectId,
    /// In which conversation; it is deleted with it.
    pub conversation: ConversationId,
    /// The turn whose call makes it, when one does.
    pub turn: Option<TurnId>,
    /// The lane of the call.
    pub lane: LaneId,
    /// The call that makes it.
    pub call: Option<ToolCallId>,
    /// Which of its call's results it is, from zero.
    pub ordinal: u32,
    /// What it is.
    pub head: ResultHead,
    /// Where it comes from, as far as it is known; the rest is said at its end.
    pub origin: ResultOrigin,
}

/// A result, without what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    /// Its id.
    pub id: ResultId,
    /// Whose it is.
    pub user: UserId,
    /// In which project.
    pub project: ProjectId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The turn whose call made it.
    pub turn: Option<TurnId>,
    /// The lane of the call.
    pub lane: LaneId,
    /// The call that made it.
    pub call: Option<ToolCallId>,
    /// Which of its call's results it is.
    pub ordinal: u32,
    /// What it is.
    pub head: ResultHead,
    /// Where it came from.
    pub origin: ResultOrigin,
    /// Where it is in its life.
    pub state: ResultState,
    /// Why it is not all that there was.
    pub cut: Option<ResultCut>,
    /// Rows of a table.
    pub rows: u64,
    /// Bytes of a text, image or file; of a table the bytes of its values before they were packed.
    pub bytes: u64,
    /// Bytes that it takes in the database.
    pub stored_bytes: u64,
    /// Pieces that it is kept in.
    pub pieces: u32,
    /// SHA-256 of what is in it, however it was cut into pieces; none while it is open, or when its writer was lost.
    pub digest: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it got its last state.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Results that the outcome of one call names at most; protects the log and the model's context.
pub const MAX_CALL_RESULTS: usize = 32;

/// Columns of a table that its reference names at most; the whole list is the result's own.
pub const MAX_REFERENCE_COLUMNS: usize = 64;

/// A result as the outcome of its call names it: what a page needs to draw it, without what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultRef {
    /// Its id.
    pub id: ResultId,
    /// Which of its call's results it is, from zero.
    pub ordinal: u32,
    /// What it is, shortened.
    #[serde(flatten)]
    pub head: ResultHead,
    /// Where it was in its life when its call ended.
    pub state: ResultState,
    /// Why it is not all that there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<ResultCut>,
    /// Rows of a table.
    pub rows: u64,
    /// Bytes of what is in it.
    pub bytes: u64,
}

impl From<&StoredResult> for ResultRef {
    fn from(stored: &StoredResult) -> Self {
        Self {
            id: stored.id,
            ordinal: stored.ordinal,
            head: stored.head.shortened(),
            state: stored.state,
            cut: stored.cut,
            rows: stored.rows,
            bytes: stored.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_the_workspace_are_known() {
        for (text, expected) in [
            ("BIGINT", ColumnType::Integer),
            ("tinyint", ColumnType::Integer),
            ("DECIMAL(38,18)", ColumnType::Decimal { precision: 38, scale: 18 }),
            ("decimal( 5 , 2 )", ColumnType::Decimal { precision: 5, scale: 2 }),
            ("DECIMAL", ColumnType::Decimal { precision: 10, scale: 0 }),
            ("DECIMAL(7)", ColumnType::Decimal { precision: 7, scale: 0 }),
            ("DECIMAL(99,2)", ColumnType::Json),
            ("VARCHAR(10)", ColumnType::String),
            ("TIMESTAMP_NTZ", ColumnType::TimestampNtz),
            ("ARRAY<INT>", ColumnType::Json),
            ("INTERVAL DAY TO SECOND", ColumnType::Json),
            ("MAP<STRING, DECIMAL(5,2)>", ColumnType::Json),
            ("", ColumnType::Json),
        ] {
            assert_eq!(ColumnType::of_source(text), expected, "{text}");
        }
    }

    #[test]
    fn words_are_read_back() {
        assert!(ResultContent::ALL.into_iter().all(|kind| ResultContent::of(kind.as_str()) == Some(kind)));
        assert!(ResultState::ALL.into_iter().all(|state| ResultState::of(state.as_str()) == Some(state)));
        assert!(ResultCut::ALL.into_iter().all(|cut| ResultCut::of(cut.as_str()) == Some(cut)));
    }

    #[test]
    fn a_column_is_flat_json() {
        let column = ResultColumn {
            name: "price".into(),
            kind: ColumnType::Decimal { precision: 9, scale: 2 },
            source_type: Some("DECIMAL(9,2)".into()),
        };
        let json = serde_json::to_string(&column).unwrap();
        assert_eq!(json, r#"{"name":"price","type":"decimal","precision":9,"scale":2,"source_type":"DECIMAL(9,2)"}"#);
        assert_eq!(serde_json::from_str::<ResultColumn>(&json).unwrap(), column);
    }
}
