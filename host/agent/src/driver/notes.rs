//! The project's notes: read before a turn's first model call, and told to the model when they are new to it.

use bricklayer_domain::{Event, ToolCall, ToolCallId, ToolName, cut};
use bricklayer_tools::{CallLink, NobodyToAsk};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Driver;

/// Where a project's notes may stand, by coding agents' custom; the first that is there counts.
const FILES: [&str; 2] = ["PROJECT.md", "CLAUDE.md"];

/// The tool that reads files.
const READER: &str = "Read";

/// Bytes of notes that a model is given, some eight thousand tokens: they are read with every turn. The rest it reads as it
/// needs it.
const MAX_NOTES_BYTES: usize = 32 * 1024;

/// What stands behind notes that are longer.
const CUT_NOTE: &str = "\n[The notes go on; read the file for the rest.]";

impl Driver {
    /// Reads the notes as the model would, under the rules that hold for it, and notes what is new to it.
    pub(super) async fn read_notes(&mut self, cancel: &CancellationToken) {
        let known = self.fold.context.notes();
        let mut found = None;
        for file in FILES {
            found = self.notes_in(file, cancel).await;
            if found.is_some() {
                break;
            }
        }
        let event = match (found, known) {
            (Some(Event::NotesRead { file, text, .. }), Some(known)) if known.file == file && known.text == text => {
                return;
            }
            (Some(event), _) => event,
            (None, Some(known)) if !known.text.is_empty() && !cancel.is_cancelled() => {
                Event::NotesRead { file: known.file.clone(), text: String::new(), seen: None }
            }
            (None, _) => return,
        };
        self.fold.state.note(&event);
        self.emit(event);
    }

    /// What a file of notes says; none when it is not there, says nothing, or may not be read.
    async fn notes_in(&self, file: &str, cancel: &CancellationToken) -> Option<Event> {
        let (id, name) = (ToolCallId("notes".to_owned()), ToolName(READER.to_owned()));
        let call = ToolCall { id, name, input: json!({"file_path": file}) };
        let link = CallLink::new(cancel.child_token());
        let outcome = self.deps.gate.clone().without_hooks().call(&call, &NobodyToAsk, link).await;
        let lines = outcome.structured.as_ref().and_then(|seen| seen.get("total_lines")).and_then(Value::as_u64);
        if outcome.is_error() || lines == Some(0) {
            return None;
        }
        let whole = outcome.content.len() <= MAX_NOTES_BYTES;
        let text = cut(&outcome.content, MAX_NOTES_BYTES);
        let text = if whole { text.to_owned() } else { format!("{text}{CUT_NOTE}") };
        // Of what it was not given whole, the model does not know what it would change.
        let seen = outcome.structured.filter(|_| whole);
        Some(Event::NotesRead { file: file.to_owned(), text, seen })
    }
}
