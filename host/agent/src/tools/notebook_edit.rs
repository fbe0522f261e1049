//! NotebookEdit: replaces, inserts or deletes a cell of a Jupyter notebook. All else of the file stays as it is.

use std::ops::Range;

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome, chain};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath, Target, digest, inspect_target, replace};
use super::ledger::FileLedger;
use super::notebook::style::Style;
use super::notebook::{Cell, Notebook, is_notebook};
use super::patch::patch;
use super::room;
use super::text::{TextFile, cannot_keep, encode};
use super::write::check_seen;

pub(super) fn describe() -> (String, Value) {
    let description = "Replaces, inserts or deletes a cell of a Jupyter notebook (.ipynb) of the project folder. The \
        notebook must have been read in this conversation; Read names its cells. The outputs of a changed code cell are \
        cleared. Databricks source notebooks (.py, .sql) are edited with Edit.";
    let schema = json!({
        "type": "object",
        "properties": {
            "notebook_path": {"type": "string", "description": "Path relative to the project folder."},
            "cell_id": {
                "type": "string",
                "description": "The cell, as Read names it. With `insert` the new cell goes after it; first when absent."
            },
            "new_source": {"type": "string", "description": "The whole new text of the cell; not for `delete`."},
            "cell_type": {
                "type": "string", "enum": ["code", "markdown"],
                "description": "Needed for `insert`; changes the kind of cell for `replace`."
            },
            "edit_mode": {
                "type": "string", "enum": ["replace", "insert", "delete"], "description": "replace when absent."
            }
        },
        "required": ["notebook_path"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

/// What is asked for.
enum Change<'a> {
    Replace { cell: &'a str, source: &'a str, kind: Option<&'a str> },
    Insert { after: Option<&'a str>, source: &'a str, kind: &'a str },
    Delete { cell: &'a str },
}

impl<'a> Change<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, ToolFailure> {
        let kind = args.opt_str("cell_type")?;
        if !matches!(kind, None | Some("code" | "markdown")) {
            return Err(invalid("`cell_type` must be code or markdown"));
        }
        match args.opt_str("edit_mode")?.unwrap_or("replace") {
            "replace" => Ok(Self::Replace { cell: args.str("cell_id")?, source: args.str("new_source")?, kind }),
            "insert" => {
                let kind = kind.ok_or_else(|| invalid("`cell_type` is missing; a new cell is code or markdown"))?;
                Ok(Self::Insert { after: args.opt_str("cell_id")?, source: args.str("new_source")?, kind })
            }
            "delete" => Ok(Self::Delete { cell: args.str("cell_id")? }),
            _ => Err(invalid("`edit_mode` must be replace, insert or delete")),
        }
    }
}

pub(super) fn run(folder: &ProjectFolder, input: &Value, ledger: &FileLedger) -> ToolResult {
    let args = Args::parse(input, &["notebook_path", "cell_id", "new_source", "cell_type", "edit_mode"])?;
    let path = ProjectPath::locate(folder, "notebook_path", args.str("notebook_path")?)?;
    let change = Change::parse(&args)?;
    let shown = path.text();
    if !is_notebook(&shown) {
        return Err(invalid(format!("`{shown}` is no Jupyter notebook (.ipynb); change it with Edit")));
    }
    let Target::File(bytes) = inspect_target(folder, &path)? else {
        let message = format!("`{shown}` does not exist; create it with Write");
        return Err(ToolFailure::new(ToolErrorKind::NotFound, message));
    };
    check_seen(&path, ledger, &bytes)?;
    let TextFile { text, form } = TextFile::decode(&bytes).map_err(|why| why.failure(&shown, bytes.len()))?;
    let notebook = Notebook::parse(&text).map_err(|why| why.failure(&shown))?;
    let Done { parts, cell, what } = changed(&text, &notebook, &change, &shown)?;
    let edited = spliced(&text, parts);
    if let Err(why) = Notebook::parse(&edited) {
        tracing::error!(error = chain(&why), "an edited notebook cannot be read again; it was not written");
        return Err(ToolFailure::new(
            ToolErrorKind::Failed,
            format!("`{shown}` could not be edited; nothing was changed"),
        ));
    }
    let kept = encode(&edited, form).map_err(|c| cannot_keep(&shown, form, c))?;
    room::check(folder, &path, bytes.len(), kept.len())?;
    replace(folder, &path, &kept)?;
    let structured = json!({
        "path": shown, "kind": "update", "digest": digest(&kept), "size_bytes": kept.len(), "cell": cell,
        "patch": patch(&text, &edited),
    });
    let content = format!("{what} cell `{cell}` of `{shown}`.");
    Ok(ToolOutcome { content, structured: Some(structured), ..ToolOutcome::default() })
}

/// What becomes of the text.
struct Done {
    /// Places, and what takes them.
    parts: Vec<(Range<usize>, String)>,
    cell: String,
    what: &'static str,
}

fn changed(text: &str, notebook: &Notebook<'_>, change: &Change<'_>, shown: &str) -> Result<Done, ToolFailure> {
    let style = Style::of(text, notebook);
    let find = |id: &str| {
        notebook.find(id).ok_or_else(|| {
            let ids: Vec<String> = notebook.cells.iter().take(30).map(Cell::id).collect();
            let message = format!("`{shown}` has no cell `{id}`; it has {}", ids.join(", "));
            ToolFailure::new(ToolErrorKind::NotFound, message)
        })
    };
    match *change {
        Change::Replace { cell: id, source, kind } => {
            let cell = find(id)?;
            let own = cell.kind();
            let parts = match kind.filter(|kind| *kind != own) {
                None => with_source(text, cell, &style, source)
                    .unwrap_or_else(|| vec![(cell.span.clone(), of_kind(cell, &own, &style, source))]),
                Some(kind) => vec![(cell.span.clone(), of_kind(cell, kind, &style, source))],
            };
            Ok(Done { parts, cell: id.to_owned(), what: "Replaced" })
        }
        Change::Insert { after, source, kind } => {
            let after = after.map(find).transpose()?;
            let id = notebook.has_ids.then(|| format!("{:08x}", rand::random::<u32>()));
            let place =
                after.map_or(0, |cell| notebook.cells.iter().take_while(|one| one.span != cell.span).count() + 1);
            let name = id.clone().unwrap_or_else(|| format!("cell-{place}"));
            let new = new_cell(kind, id, &style, source);
            let part = match (after, notebook.cells.first()) {
                (Some(cell), _) => (cell.span.end..cell.span.end, format!("{}{new}", style.between_cells())),
                (None, Some(first)) => (first.span.start..first.span.start, format!("{new}{}", style.between_cells())),
                (None, None) => (notebook.list.clone(), style.list_of(&new)),
            };
            Ok(Done { parts: vec![part], cell: name, what: "Inserted" })
        }
        Change::Delete { cell: id } => {
            let cell = find(id)?;
            let at = notebook.cells.iter().take_while(|one| one.span != cell.span).count();
            let before = at.checked_sub(1).and_then(|at| notebook.cells.get(at));
            let part = match (before, notebook.cells.get(at + 1)) {
                (_, Some(next)) => (cell.span.start..next.span.start, String::new()),
                (Some(before), None) => (before.span.end..cell.span.end, String::new()),
                (None, None) => (notebook.list.clone(), "[]".to_owned()),
            };
            Ok(Done { parts: vec![part], cell: id.to_owned(), what: "Deleted" })
        }
    }
}

/// The cell with another source, and without what the old one put out; none when it has no source to replace.
fn with_source(text: &str, cell: &Cell<'_>, style: &Style, source: &str) -> Option<Vec<(Range<usize>, String)>> {
    let span = cell.span_of("source")?;
    let is_string = text.get(span.clone()).is_some_and(|old| old.starts_with('"'));
    let mut parts = vec![(span, if is_string { Value::from(source).to_string() } else { style.source(source) })];
    for (field, empty) in [("outputs", "[]"), ("execution_count", "null")] {
        parts.extend(cell.span_of(field).map(|span| (span, empty.to_owned())));
    }
    Some(parts)
}

/// The cell as one of another kind.
fn of_kind(cell: &Cell<'_>, kind: &str, style: &Style, source: &str) -> String {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let replaced = ["cell_type", "source", "outputs", "execution_count"];
    let mut fields: Vec<_> = cell.fields().filter(|(name, _)| !replaced.contains(name)).map(own).collect();
    fields.extend(fields_of(kind, style, source));
    fields.sort();
    style.cell(&fields)
}

fn new_cell(kind: &str, id: Option<String>, style: &Style, source: &str) -> String {
    let mut fields = fields_of(kind, style, source);
    fields.push(("metadata".to_owned(), "{}".to_owned()));
    fields.extend(id.map(|id| ("id".to_owned(), Value::from(id).to_string())));
    // Jupyter writes them in this order.
    fields.sort();
    style.cell(&fields)
}

/// What each cell of a kind has.
fn fields_of(kind: &str, style: &Style, source: &str) -> Vec<(String, String)> {
    let mut fields = vec![("cell_type", Value::from(kind).to_string()), ("source", style.source(source))];
    if kind == "code" {
        fields.extend([("execution_count", "null".to_owned()), ("outputs", "[]".to_owned())]);
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The text with other parts in places that do not overlap.
fn spliced(text: &str, mut parts: Vec<(Range<usize>, String)>) -> String {
    parts.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut out = text.to_owned();
    for (place, new) in parts {
        out.replace_range(place, &new);
    }
    out
}
