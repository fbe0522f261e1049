//! Files of volumes in the place of tables: `read_files(…)`, ``csv.`/Volumes/…` `` and what COPY INTO reads.
//!
//! The engine's own readers take any path that the process may open. So no path reaches it as it was written: each is
//! read into a [`FileSource`] here, and in the statement a name stands for it that no author can know beforehand. The
//! engine puts its own query in the place of that name when the user's right was checked and the files were found.
//!
//! Rules: Databricks SQL reference, "read_files", "Query files with SQL", "COPY INTO".

use uuid::Uuid;

use super::{
    cursor::Cursor,
    error::SqlError,
    lexer::{Kind, Token, tokenize},
    types::schema_columns,
};
use crate::files::pattern::{Glob, PathPattern};

/// The schemes of places outside of volumes, which are refused by name.
const FOREIGN: [&str; 12] =
    ["s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "http", "https", "file"];

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Csv,
    Json,
    Parquet,
    /// A row for each line.
    Text,
}

/// Which of Databricks' readers is asked, since their defaults differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// `read_files`: goes down into folders, infers types, adds `_rescued_data`.
    Function,
    /// A path as a table, and COPY INTO: names and types only where the options ask for them.
    Plain,
}

/// Files and how they are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileSource {
    pub(crate) reader: Reader,
    pub(crate) pattern: PathPattern,
    /// By the files' names when it is not given.
    pub(crate) format: Option<FileFormat>,
    /// Columns with DuckDB's spelling of their types.
    pub(crate) schema: Option<Vec<(String, String)>>,
    pub(crate) options: ReadOptions,
}

/// What a reader is told beside the format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReadOptions {
    pub(crate) header: Option<bool>,
    pub(crate) infer: Option<bool>,
    pub(crate) delimiter: Option<String>,
    pub(crate) quote: Option<String>,
    pub(crate) escape: Option<String>,
    pub(crate) null_value: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) multi_line: bool,
    pub(crate) merge_schema: bool,
    pub(crate) recursive: Option<bool>,
    pub(crate) named: Option<Glob>,
    pub(crate) mode: Mode,
    pub(crate) rescued: Option<String>,
}

/// What becomes of values that do not fit their types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are NULL.
    #[default]
    Permissive,
    /// The statement fails.
    FailFast,
    /// Their rows are left out.
    DropMalformed,
}

/// The sources of one statement, each under the name that stands for it there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Sources {
    found: Vec<(String, FileSource)>,
    /// What names were put in the place of, so that a view's query can be shown and kept as it was written.
    written: Vec<(String, String)>,
}

impl FileFormat {
    /// # Errors
    /// Formats of Databricks that the local workspace does not read, and names of none.
    pub(crate) fn parse(name: &str) -> Result<Self, SqlError> {
        match name.to_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "parquet" => Ok(Self::Parquet),
            "text" => Ok(Self::Text),
            known @ ("delta" | "avro" | "orc" | "xml" | "binaryfile") => {
                Err(SqlError::unsupported(format!("Reading files of the format {known}")))
            }
            other => {
                let detail = format!("Failed to find the data source: {other}.");
                Err(SqlError::new("DATA_SOURCE_NOT_FOUND", "42K02", detail))
            }
        }
    }

    /// The format that a file's name tells.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "csv" | "tsv" => Some(Self::Csv),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            "txt" | "text" => Some(Self::Text),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Text => "text",
        }
    }
}

impl FileSource {
    /// # Errors
    /// A path that is in no volume.
    pub(crate) fn new(reader: Reader, path: &str) -> Result<Self, SqlError> {
        Ok(Self { reader, pattern: volume_path(path)?, format: None, schema: None, options: ReadOptions::default() })
    }

    /// Takes one option of a reader, whose names know no letter case.
    ///
    /// # Errors
    /// Values that the option does not take, and options that the local workspace does not know.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), SqlError> {
        let options = &mut self.options;
        let flag = || match value.to_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(invalid(name, value, "must be true or false")),
        };
        let text = |longest: usize| match value.chars().count() <= longest {
            true => Ok(Some(value.to_owned())),
            false => Err(invalid(name, value, "is too long")),
        };
        match name.to_lowercase().as_str() {
            "format" => self.format = Some(FileFormat::parse(value)?),
            "schema" => self.schema = Some(schema_columns(value)?),
            "header" => options.header = Some(flag()?),
            "inferschema" | "infercolumntypes" | "cloudfiles.infercolumntypes" => options.infer = Some(flag()?),
            "sep" | "delimiter" => options.delimiter = text(4)?,
            "quote" => options.quote = text(1)?,
            "escape" => options.escape = text(1)?,
            "nullvalue" => options.null_value = text(100)?,
            "comment" => options.comment = text(1)?,
            "multiline" => options.multi_line = flag()?,
            "mergeschema" => options.merge_schema = flag()?,
            "recursivefilelookup" => options.recursive = Some(flag()?),
            "pathglobfilter" | "filenamepattern" => options.named = Some(Glob::parse(value).map_err(of_path)?),
            "rescueddatacolumn" => options.rescued = text(255)?,
            "encoding" | "charset" if value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8") => {}
            "mode" => {
                options.mode = match value.to_uppercase().as_str() {
                    "PERMISSIVE" => Mode::Permissive,
                    "FAILFAST" => Mode::FailFast,
                    "DROPMALFORMED" => Mode::DropMalformed,
                    _ => return Err(invalid(name, value, "must be PERMISSIVE, FAILFAST or DROPMALFORMED")),
                }
            }
            _ => return Err(SqlError::unsupported(format!("The option `{name}` of a reader of files"))),
        }
        Ok(())
    }
}

impl Sources {
    /// Keeps a source; the name that stands for it in the statement.
    pub(crate) fn keep(&mut self, source: FileSource) -> String {
        let name = nonce("bl_source");
        self.found.push((name.clone(), source));
        name
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.found.iter().any(|(known, _)| known == name)
    }

    /// A part of the text that [`Self::take_from`] gave, as it was written.
    pub(crate) fn restore(&self, text: &str) -> String {
        self.written.iter().fold(text.to_owned(), |text, (name, written)| text.replace(name, written))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &FileSource)> {
        self.found.iter().map(|(name, source)| (name.as_str(), source))
    }

    /// Puts names in the place of `read_files(…)` and of paths that stand as tables.
    ///
    /// # Errors
    /// Paths that are in no volume, and options that are not known.
    pub(crate) fn take_from(&mut self, text: &str) -> Result<String, SqlError> {
        let lower = text.to_ascii_lowercase();
        if !lower.contains("read_files") && !lower.contains(".`") {
            return Ok(text.to_owned());
        }
        let tokens = tokenize(text)?;
        let mut taken = String::new();
        let mut copied = 0;
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            let found = match tokens.get(index..).unwrap_or_default() {
                [name, open, ..] if name.is("read_files") && open.is("(") => {
                    let end = closing(&tokens, index + 1).ok_or_else(|| SqlError::syntax("", text, text.len()))?;
                    let inner = text.get(open.end..tokens.get(end).map_or(text.len(), |t| t.start)).unwrap_or_default();
                    Some((function(inner)?, end))
                }
                [format, dot, path, ..] if is_path(format, dot, path) => {
                    let mut source = FileSource::new(Reader::Plain, &path.text)?;
                    source.format = Some(FileFormat::parse(&format.text)?);
                    Some((source, index + 2))
                }
                _ => None,
            };
            match found {
                Some((source, last)) => {
                    taken.push_str(text.get(copied..token.start).unwrap_or_default());
                    let name = format!("`{}`", self.keep(source));
                    taken.push_str(&name);
                    copied = tokens.get(last).map_or(text.len(), |t| t.end);
                    self.written.push((name, text.get(token.start..copied).unwrap_or_default().to_owned()));
                    index = last + 1;
                }
                None => index += 1,
            }
        }
        taken.push_str(text.get(copied..).unwrap_or_default());
        // Databricks gives files a hidden column of this name, which no query here has.
        if !self.is_empty() && tokens.iter().any(|t| t.text.eq_ignore_ascii_case("_metadata")) {
            return Err(SqlError::unsupported("The hidden column `_metadata` of files"));
        }
        Ok(taken)
    }
}

/// A name that no author of a statement can know.
pub(super) fn nonce(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::new_v4().simple())
}

/// ``format.`path` ``.
fn is_path(format: &Token, dot: &Token, path: &Token) -> bool {
    const FORMATS: [&str; 9] = ["csv", "json", "parquet", "text", "delta", "avro", "orc", "xml", "binaryFile"];
    let is_format = matches!(format.kind, Kind::Word | Kind::Ident)
        && FORMATS.iter().any(|known| format.text.eq_ignore_ascii_case(known));
    let leads_somewhere = path.text.contains('/') || path.text.contains(':');
    is_format && dot.is(".") && path.kind == Kind::Ident && leads_somewhere
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// `'path', format => 'csv', header => true`.
fn function(arguments: &str) -> Result<FileSource, SqlError> {
    let cursor = &mut Cursor::new(arguments)?;
    let Some(path) = cursor.take_text() else {
        return Err(SqlError::unsupported("read_files of a path that is no literal"));
    };
    let mut source = FileSource::new(Reader::Function, &path)?;
    while cursor.take(&[","]) {
        let mut name = cursor.name()?.join(".");
        // Options of readers may be quoted as a whole.
        name.retain(|c| c != '`');
        cursor.expect(&["="])?;
        cursor.expect(&[">"])?;
        let value = cursor.advance().filter(|t| matches!(t.kind, Kind::Text | Kind::Word | Kind::Number));
        let value = value.ok_or_else(|| cursor.unexpected())?;
        source.set(&name, &value.text)?;
    }
    cursor.end()?;
    Ok(source)
}

/// A path of a volume, as a statement writes it.
///
/// # Errors
/// Another place, by name.
pub(crate) fn volume_path(path: &str) -> Result<PathPattern, SqlError> {
    let scheme = path.split_once(':').map_or("", |(scheme, _)| scheme).to_lowercase();
    if FOREIGN.contains(&scheme.as_str()) {
        return Err(outside(path));
    }
    let inner = path.strip_prefix("dbfs:").unwrap_or(path);
    if inner != "/Volumes" && !inner.starts_with("/Volumes/") {
        return Err(outside(path));
    }
    PathPattern::parse(path).map_err(of_path)
}

fn outside(path: &str) -> SqlError {
    let shown: String = path.chars().take(200).collect();
    SqlError::unsupported(format!("The location '{}', which is in no volume (/Volumes/…),", shown.escape_debug()))
}

fn invalid(name: &str, value: &str, why: &str) -> SqlError {
    let shown: String = value.chars().take(100).collect();
    let detail = format!("The option `{name}` {why}, and is '{}'.", shown.escape_debug());
    SqlError::new("INVALID_PARAMETER_VALUE", "22023", detail)
}

/// What the files area says of a path.
pub(crate) fn of_path(error: crate::http::error::ApiError) -> SqlError {
    match error.code() {
        "PERMISSION_DENIED" => SqlError::permission(format!("Insufficient privileges: {}", error.said())),
        "NOT_FOUND" => SqlError::new("PATH_NOT_FOUND", "42K03", error.said()),
        "INTERNAL_ERROR" => SqlError::internal(error.said()),
        "ALREADY_EXISTS" => SqlError::new("PATH_ALREADY_EXISTS", "42K04", error.said()),
        _ => SqlError::new("INVALID_PARAMETER_VALUE", "22023", error.said()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn class(text: &str) -> &'static str {
        Sources::default().take_from(text).unwrap_err().class
    }

    #[test]
    fn names_stand_for_files() {
        let mut sources = Sources::default();
        let text = "SELECT * FROM read_files('/Volumes/a/b/c/x/*.csv', format => 'csv', header => true) AS r \
                    JOIN json.`/Volumes/a/b/c/y.json` j ON r.id = j.id WHERE x = 'csv.`/Volumes/a/b/c`'";
        let taken = sources.take_from(text).unwrap();
        let [(one, csv), (two, json)] = sources.found.as_slice() else { panic!("{sources:?}") };
        assert_eq!(
            taken,
            format!("SELECT * FROM `{one}` AS r JOIN `{two}` j ON r.id = j.id WHERE x = 'csv.`/Volumes/a/b/c`'")
        );
        assert_eq!((csv.format, csv.options.header), (Some(FileFormat::Csv), Some(true)));
        assert_eq!((json.reader, json.format), (Reader::Plain, Some(FileFormat::Json)));
        assert_ne!(one, two);
        assert_eq!(sources.restore(&taken), text);
        let plain = "SELECT a.`b/c`, csv.x FROM `t`";
        assert_eq!(Sources::default().take_from(plain).unwrap(), plain);
    }

    #[test]
    fn only_volumes_are_read() {
        for path in [
            "/etc/passwd",
            "etc/passwd",
            "/Volumesx/a/b/c",
            "s3://bucket/x",
            "S3://bucket/x",
            "abfss://c@a.dfs.core.windows.net/x",
            "http://127.0.0.1/x",
            "file:/etc/passwd",
            "file:///Volumes/a/b/c/x",
            "dbfs:/etc",
            "hdfs://h/x",
            "",
        ] {
            assert_eq!(class(&format!("SELECT * FROM read_files('{path}', format => 'csv')")), "UNSUPPORTED_FEATURE");
            if path.contains('/') {
                assert_eq!(class(&format!("SELECT * FROM csv.`{path}`")), "UNSUPPORTED_FEATURE", "{path}");
            }
        }
        for path in
            ["/Volumes/a/b/c/../../../../etc/passwd", "/Volumes/a/b/c/./x", "/Volumes/a/b/c//x", "/Volumes/a/b/c/x\\ny"]
        {
            assert_eq!(class(&format!("SELECT * FROM read_files('{path}')")), "INVALID_PARAMETER_VALUE", "{path}");
        }
        assert_eq!(class("SELECT * FROM csv.`/Volumes/a/b/c/../../../etc/passwd`"), "INVALID_PARAMETER_VALUE");
        assert_eq!(class("SELECT * FROM read_files('/Volumes/a')"), "PATH_NOT_FOUND");
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (arguments, expect) in [
            ("format => 'avro'", "UNSUPPORTED_FEATURE"),
            ("format => 'nosuch'", "DATA_SOURCE_NOT_FOUND"),
            ("header => 'maybe'", "INVALID_PARAMETER_VALUE"),
            ("mode => 'x'", "INVALID_PARAMETER_VALUE"),
            ("schemaHints => 'a INT'", "UNSUPPORTED_FEATURE"),
            ("schema => 'a NOSUCH'", "UNSUPPORTED_DATATYPE"),
            ("encoding => 'latin1'", "UNSUPPORTED_FEATURE"),
            ("sep => 'abcde'", "INVALID_PARAMETER_VALUE"),
            ("header", "PARSE_SYNTAX_ERROR"),
        ] {
            let text = format!("SELECT * FROM read_files('/Volumes/a/b/c/x.csv', {arguments})");
            assert_eq!(class(&text), expect, "{arguments}");
        }
        assert_eq!(class("SELECT _metadata FROM csv.`/Volumes/a/b/c/x`"), "UNSUPPORTED_FEATURE");
        assert_eq!(class("SELECT * FROM read_files(:path)"), "UNSUPPORTED_FEATURE");
    }
}
