//! What a message asks for, read by rules.

use super::question::{self, ChartKind, Question};
use super::words::{file, is_file, is_filler, is_name, number, quoted, table, words};

/// A request that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    /// A question about one table.
    Question(Question),
    /// A statement with a fixed form, and what to say about its result.
    Statement { sql: String, about: String },
    /// A chart of the last result.
    Chart(ChartKind),
    /// The tables of a schema and what is in them.
    LookAround { catalog: String, schema: String },
    /// A statement that breaks off; what it lacks, for the user.
    Unfinished(String),
    /// Keep the last answer in a file.
    Save { file: String },
    /// Show a file.
    Read { file: String },
    /// List the project's files.
    ListFiles,
    /// Look for text in the project's files.
    Search { text: String },
    /// Put the project's folder into the workspace.
    Upload,
    /// Run a file of the project.
    Run { file: String },
    /// Make a job that runs a file by itself; the one that was spoken of last when it names none.
    Schedule { file: Option<String>, every: Every },
    /// Make a pipeline of a file of the project; of an example when it names none.
    Pipeline { file: Option<String> },
    /// Make a thing of this type.
    Make { what: &'static str },
}

/// How often a job runs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Every {
    /// In words: `every day`.
    pub(super) words: &'static str,
    /// As the Jobs API takes it, in UTC.
    pub(super) quartz: &'static str,
}

/// How a sentence says how often, and what it means.
const EVERY: [(&[&str], Every); 4] = [
    (&["every hour", "hourly"], Every { words: "every hour", quartz: "0 0 * * * ?" }),
    (&["every day", "daily", "each day"], Every { words: "every day at 06:00 UTC", quartz: "0 0 6 * * ?" }),
    (&["every night", "nightly"], Every { words: "every night at 02:00 UTC", quartz: "0 0 2 * * ?" }),
    (&["every week", "weekly"], Every { words: "every Monday at 06:00 UTC", quartz: "0 0 6 ? * MON" }),
];

/// What things at a workspace are called in a sentence, and Databricks' type of them.
const THINGS: [(&str, &str); 12] = [
    ("pipeline", "pipeline"),
    ("job", "job"),
    ("cluster", "cluster"),
    ("warehouse", "warehouse"),
    ("catalog", "catalog"),
    ("volume", "volume"),
    ("dashboard", "dashboard"),
    ("app", "app"),
    ("genie space", "genie_space"),
    ("serving endpoint", "serving_endpoint"),
    ("vector index", "vector_search_index"),
    ("knowledge assistant", "knowledge_assistant"),
];

/// Endings of files that a task runs.
const RUNNABLE: [&str; 1] = [".py"];

/// Words of a wish for a chart of what was just shown: `show that as a bar chart, please`.
const MAX_CHART_WORDS: usize = 10;

/// Rows of a preview when the message names no number.
const PREVIEW_ROWS: u32 = 10;

/// First words that make a message a statement.
const SQL_WORDS: [&str; 18] = [
    "select", "with", "insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "grant", "revoke",
    "use", "explain", "values", "optimize", "comment", "refresh",
];

/// Reads a message.
pub(super) fn parse(message: &str) -> Option<Intent> {
    let original = words(message);
    let lower: Vec<String> = original.iter().map(|word| word.to_lowercase()).collect();
    let has = |choices: &[&str]| lower.iter().any(|word| choices.contains(&word.as_str()));
    let first = lower.first().map(String::as_str).unwrap_or_default();
    work(&original, &lower)
        .or_else(|| files(message, &original, &lower))
        .or_else(|| catalogue(&original, &lower))
        .or_else(|| {
            let second = lower.get(1).map(String::as_str).unwrap_or_default();
            // `create a table for me`, `drop the oldest one`: words, not a statement.
            let is_prose = has(&["please", "me", "my"]) || matches!(second, "a" | "an" | "the" | "some" | "everything");
            if !SQL_WORDS.contains(&first) || is_prose {
                return None;
            }
            let sql = message.trim().trim_end_matches(';').trim_end().to_owned();
            Some(match unfinished(&lower) {
                Some(advice) => Intent::Unfinished(advice),
                None => Intent::Statement { sql, about: "The statement ran.".to_owned() },
            })
        })
        .or_else(|| question::parse(message).map(Intent::Question))
        .or_else(|| {
            let of_what_was = table_is_absent(&original) && lower.len() <= MAX_CHART_WORDS;
            ChartKind::asked_for(&lower, false).filter(|_| of_what_was).map(Intent::Chart)
        })
        .or_else(|| preview(&original, &lower))
}

/// What each statement cannot do without: any of these words, or after the second word nothing more is said.
const NEEDED: [(&str, &[&str], &str); 12] = [
    ("select", &[], "SELECT 1"),
    ("with", &["select", "insert", "update", "delete", "merge", "values"], "WITH t AS (SELECT 1) SELECT * FROM t"),
    ("insert", &["values", "select", "table", "from", "with"], "INSERT INTO main.default.t1 VALUES (1, 'one')"),
    ("update", &["set"], "UPDATE main.default.t1 SET name = 'one' WHERE id = 1"),
    ("delete", &["from"], "DELETE FROM main.default.t1 WHERE id = 1"),
    ("merge", &["using"], "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET *"),
    ("create", &[], "CREATE TABLE main.default.t1 (id INT, name STRING)"),
    ("drop", &[], "DROP TABLE main.default.t1"),
    ("alter", &[], "ALTER TABLE main.default.t1 ADD COLUMN note STRING"),
    ("truncate", &["table"], "TRUNCATE TABLE main.default.t1"),
    ("grant", &["to"], "GRANT SELECT ON TABLE main.default.t1 TO `someone@example.com`"),
    ("revoke", &["from"], "REVOKE SELECT ON TABLE main.default.t1 FROM `someone@example.com`"),
];

/// Advice for a statement that breaks off; nothing when it may be whole.
fn unfinished(lower: &[String]) -> Option<String> {
    let first = lower.first()?;
    let (word, needed, example) = NEEDED.iter().find(|(word, ..)| word == first)?;
    let short = match *word {
        // An object's kind and its name follow.
        "create" | "drop" | "alter" => lower.len() < 3,
        _ => lower.len() < 2,
    };
    let lacks = !needed.is_empty() && !lower.iter().skip(1).any(|word| needed.contains(&word.as_str()));
    if !short && !lacks {
        return None;
    }
    let word = word.to_uppercase();
    let needs = match needed.first().filter(|_| lacks) {
        Some(needed) => format!("{word} needs {}", needed.to_uppercase()),
        None => format!("{word} needs more"),
    };
    Some(format!("That looks like a statement that is not finished: {needs}. For example:\n\n```sql\n{example}\n```"))
}

/// What is to be done at the workspace with the project's files, or made there.
fn work(original: &[&str], lower: &[String]) -> Option<Intent> {
    let has = |choices: &[&str]| lower.iter().any(|word| choices.contains(&word.as_str()));
    let first = lower.first().map(String::as_str).unwrap_or_default();
    let said = lower.join(" ");
    let runnable = file(original).filter(|name| RUNNABLE.iter().any(|ending| name.ends_with(ending)));
    let every = EVERY.iter().find(|(words, _)| words.iter().any(|words| said.contains(words))).map(|(_, every)| *every);
    let makes = has(&["make", "create", "build", "schedule", "set"]);
    if let Some(every) = every.filter(|_| makes && (has(&["job", "schedule"]) || runnable.is_some())) {
        return Some(Intent::Schedule { file: runnable.map(str::to_owned), every });
    }
    if has(&["upload"]) && has(&["project", "folder", "files", "everything"]) && runnable.is_none() {
        return Some(Intent::Upload);
    }
    if let Some(file) = runnable.filter(|_| has(&["run", "execute", "start"])) {
        return Some(Intent::Run { file: file.to_owned() });
    }
    if !matches!(first, "make" | "create" | "build")
        || !matches!(lower.get(1).map(String::as_str), Some("a" | "an" | "me"))
    {
        return None;
    }
    let thing = THINGS
        .iter()
        .find(|(words, _)| said.split(' ').any(|word| word == *words) || (words.contains(' ') && said.contains(words)));
    thing.map(|(_, what)| match *what {
        "pipeline" => {
            Intent::Pipeline { file: file(original).filter(|file| file.ends_with(".sql")).map(str::to_owned) }
        }
        what => Intent::Make { what },
    })
}

fn files(message: &str, original: &[&str], lower: &[String]) -> Option<Intent> {
    let has = |choices: &[&str]| lower.iter().any(|word| choices.contains(&word.as_str()));
    let named = file(original).map(str::to_owned);
    if let Some(file) = named {
        if has(&["save", "write", "store", "put", "keep"]) {
            return Some(Intent::Save { file });
        }
        if has(&["read", "show", "open", "cat", "display", "print", "view"]) && table_is_absent(original) {
            return Some(Intent::Read { file });
        }
    }
    if has(&["files", "folder"]) && has(&["list", "show", "what", "which"]) && !has(&["search", "find", "grep"]) {
        return Some(Intent::ListFiles);
    }
    let rest = ["search for ", "search ", "grep ", "find "]
        .iter()
        .find_map(|start| message.trim().to_lowercase().starts_with(start).then_some(start.len()))
        .and_then(|at| message.trim().get(at..))?;
    let end = [" in the files", " in files", " in the project", " in my files", " in this project"];
    let text = end.iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '?' | '.'));
    (!text.is_empty()).then(|| Intent::Search { text: text.to_owned() })
}

fn table_is_absent(original: &[&str]) -> bool {
    table(original).is_none_or(|name| !name.contains('.'))
}

fn catalogue(original: &[&str], lower: &[String]) -> Option<Intent> {
    let has = |choices: &[&str]| lower.iter().any(|word| choices.contains(&word.as_str()));
    let asks = has(&["list", "show", "what", "which"]);
    let place = || place(original, lower);
    let show = |what: &str, place: Option<String>| {
        let sql = place.as_ref().map_or(format!("SHOW {what}"), |place| format!("SHOW {what} IN {place}"));
        let place = place.map_or(String::new(), |place| format!(" in `{place}`"));
        Intent::Statement { sql, about: format!("These are the {}{place}:", what.to_lowercase()) }
    };
    if asks && has(&["catalogs", "catalogues"]) {
        return Some(show("CATALOGS", None));
    }
    if asks && has(&["schemas", "databases"]) {
        return Some(show("SCHEMAS", place()));
    }
    if asks && has(&["tables"]) {
        let place = place();
        let contents = has(&["columns", "them", "contain", "contents", "hold"]);
        let parts = place.as_deref().map(|place| place.split('.').map(str::to_owned).collect::<Vec<_>>());
        if let (true, Some([catalog, schema])) = (contents, parts.as_deref()) {
            let plain = |part: &str| part.trim_matches('`').to_owned();
            return Some(Intent::LookAround { catalog: plain(catalog), schema: plain(schema) });
        }
        return Some(show("TABLES", place));
    }
    if has(&["describe", "desc", "columns", "schema"])
        && let Some(table) = table(original).or_else(|| named_after(original, lower, &["describe", "desc"]))
    {
        let about = format!("`{table}` has these columns:");
        return Some(Intent::Statement { sql: format!("DESCRIBE TABLE {table}"), about });
    }
    None
}

/// The catalog or schema that a message names: a dotted name, else the first name after a word such as `in`.
fn place(original: &[&str], lower: &[String]) -> Option<String> {
    let dotted = original.iter().find(|word| word.contains('.') && is_name(word) && !is_file(word));
    let after = || {
        let keys = lower.iter().enumerate().filter(|(_, word)| {
            matches!(word.as_str(), "in" | "of" | "from" | "under" | "catalog" | "schema" | "database")
        });
        keys.filter_map(|(at, _)| {
            let rest = original.get(at.saturating_add(1)..)?;
            let word = rest.iter().find(|word| !is_article(word))?;
            (is_name(word) && !is_filler(word)).then_some(word)
        })
        .next()
    };
    dotted.or_else(after).map(|word| quoted(word))
}

fn is_article(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "the" | "my" | "our" | "your" | "a" | "catalog" | "schema" | "database")
}

fn named_after(original: &[&str], lower: &[String], keys: &[&str]) -> Option<String> {
    let at = lower.iter().position(|word| keys.contains(&word.as_str()))?;
    let word = original.get(at.checked_add(1)?)?;
    is_name(word).then(|| quoted(word))
}

fn preview(original: &[&str], lower: &[String]) -> Option<Intent> {
    let asks = ["preview", "show", "rows", "sample", "look", "head"];
    if !lower.iter().any(|word| asks.contains(&word.as_str())) {
        return None;
    }
    let table = table(original).or_else(|| named_after(original, lower, &["preview"]))?;
    let rows = lower.iter().find_map(|word| number(word)).unwrap_or(PREVIEW_ROWS);
    let about = format!("The first {rows} rows of `{table}`:");
    Some(Intent::Statement { sql: format!("SELECT * FROM {table} LIMIT {rows}"), about })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let shown = match parse(message) {
            None => "not understood".to_owned(),
            Some(Intent::Question(question)) => format!("question about {}", question.table),
            Some(Intent::Statement { sql, .. }) => sql,
            Some(Intent::Save { file }) => format!("save {file}"),
            Some(Intent::Read { file }) => format!("read {file}"),
            Some(Intent::Run { file }) => format!("run {file}"),
            Some(Intent::Make { what }) => format!("make {what}"),
            Some(Intent::Pipeline { file }) => format!("pipeline of {}", file.as_deref().unwrap_or("an example")),
            Some(Intent::Schedule { file, every }) => {
                format!("schedule {} {}", file.as_deref().unwrap_or("it"), every.words)
            }
            Some(Intent::Search { text }) => format!("search {text}"),
            Some(Intent::LookAround { catalog, schema }) => format!("look around {catalog} {schema}"),
            Some(Intent::Unfinished(advice)) => advice.split(". ").next().unwrap().to_owned(),
            Some(other) => format!("{other:?}"),
        };
        assert_eq!(shown, expected, "{message}");
    }

    #[test]
    fn requests_are_read_by_rules() {
        check("save that as report.md", "save report.md");
        check("Please write this to notes/june.md.", "save notes/june.md");
        check("show me report.md", "read report.md");
        check("read the file data/a.csv", "read data/a.csv");
        check("list files", "ListFiles");
        check("what files are there?", "ListFiles");
        check("search for fare_amount in files", "search fare_amount");
        check("show tables in samples.nyctaxi", "SHOW TABLES IN samples.nyctaxi");
        check("What tables are there in samples.nyctaxi, and what is in them?", "look around samples nyctaxi");
        check("what tables are in the catalog samples?", "SHOW TABLES IN samples");
        check("which tables are in it?", "SHOW TABLES");
        check("which tables are in my workspace?", "SHOW TABLES");
        check("which catalogs are there?", "SHOW CATALOGS");
        check("show schemas in samples", "SHOW SCHEMAS IN samples");
        check("describe samples.nyctaxi.trips", "DESCRIBE TABLE samples.nyctaxi.trips");
        check("which columns does samples.nyctaxi.trips have?", "DESCRIBE TABLE samples.nyctaxi.trips");
        check("preview samples.nyctaxi.trips", "SELECT * FROM samples.nyctaxi.trips LIMIT 10");
        check("show me 5 rows of samples.nyctaxi.trips", "SELECT * FROM samples.nyctaxi.trips LIMIT 5");
        check("list warehouses", "not understood");
        check("DROP TABLE main.default.t;", "DROP TABLE main.default.t");
        check("how many trips are in samples.nyctaxi.trips?", "question about samples.nyctaxi.trips");
        check("show that as a line chart", "Chart(Line)");
        check("draw it", "Chart(Bar)");
        check("tell me a joke", "not understood");
        let lacks = "That looks like a statement that is not finished: ";
        check("update main.default.t1", &format!("{lacks}UPDATE needs SET"));
        check("insert into main.default.t1;", &format!("{lacks}INSERT needs VALUES"));
        check("delete", &format!("{lacks}DELETE needs FROM"));
        check("drop table", &format!("{lacks}DROP needs more"));
        check("select", &format!("{lacks}SELECT needs more"));
        check("update main.default.t1 set a = 1", "update main.default.t1 set a = 1");
        check("create a table", "not understood");
        check("upload the project folder", "Upload");
        check("please upload all my files", "Upload");
        check("run report.py", "run report.py");
        check("Execute src/report.py, please", "run src/report.py");
        check("run the report", "not understood");
        check("create a job that runs it every day", "schedule it every day at 06:00 UTC");
        check("schedule report.py every hour", "schedule report.py every hour");
        check("make a weekly job of report.py", "schedule report.py every Monday at 06:00 UTC");
        check("make a pipeline", "pipeline of an example");
        check("create a pipeline from src/days.sql", "pipeline of src/days.sql");
        check("create me a Genie space", "make genie_space");
        check("create an app", "make app");
        check("create a job", "make job");
        check("make a cake", "not understood");
        check("", "not understood");
    }
}
