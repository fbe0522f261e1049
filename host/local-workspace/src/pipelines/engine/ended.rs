//! Why an update goes no further.

use crate::{database, pipelines::model::Exception, sql::language::error::SqlError};

/// Characters of one exception's message that are kept.
const MESSAGE_CHARS: usize = 20_000;

/// Why an update, or the making of a dataset, ended before its end.
#[derive(Debug)]
pub(super) enum Ended {
    /// Somebody stopped it.
    Canceled,
    /// It failed, in the words of what failed.
    Failed(Exception),
    /// The database of objects failed.
    Objects(database::Error),
}

impl From<database::Error> for Ended {
    fn from(error: database::Error) -> Self {
        Self::Objects(error)
    }
}

/// What is wrong with a pipeline's code or specification.
pub(super) fn refused(message: impl Into<String>) -> Exception {
    exception("com.databricks.pipelines.common.errors.DLTAnalysisException", message.into())
}

/// What a statement failed with.
pub(super) fn of_sql(error: &SqlError) -> Exception {
    let class = match error.class {
        "PARSE_SYNTAX_ERROR" => "org.apache.spark.sql.catalyst.parser.ParseException",
        class if class.starts_with("UNRESOLVED") || class.ends_with("_NOT_FOUND") => {
            "org.apache.spark.sql.AnalysisException"
        }
        _ => "org.apache.spark.SparkException",
    };
    exception(class, error.to_string())
}

pub(super) fn exception(class_name: &str, message: String) -> Exception {
    let message = match message.char_indices().nth(MESSAGE_CHARS) {
        Some((at, _)) => message.get(..at).unwrap_or_default().to_owned(),
        None => message,
    };
    Exception { class_name: class_name.to_owned(), message, stack: Vec::new() }
}
