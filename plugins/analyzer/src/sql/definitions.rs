//! Statements that define things: tables, views, datasets of pipelines, widgets, and where names belong.

use bricklayer_spark_sql::lex::{Kind, Token};

use super::Reader;
use super::names::closing;
use crate::analysis::{DatasetKind, Expectation, Mode, Parameter, ParameterKind, PathOperation, Streaming};
use crate::names::Reader as PathReader;
use crate::text::Text;

/// What may stand between CREATE and what is created.
const MODIFIERS: &[&str] = &[
    "OR",
    "REPLACE",
    "REFRESH",
    "TEMP",
    "TEMPORARY",
    "GLOBAL",
    "EXTERNAL",
    "PRIVATE",
    "LIVE",
    "STREAMING",
    "MATERIALIZED",
    "INCREMENTAL",
];

impl<'a> Reader<'_, 'a> {
    /// Reads a definition; what it is, when it is one.
    pub(super) fn definition(&mut self, first: &Token<'a>, rest: &[Token<'a>]) -> Option<String> {
        if first.is_any(&["CREATE", "REPLACE"]) {
            return Some(self.create(rest));
        }
        if first.is("APPLY") {
            self.changes_into(rest);
            return Some("APPLY CHANGES".to_owned());
        }
        if first.is_any(&["DROP", "ALTER"]) {
            let words = ["TABLE", "VIEW", "MATERIALIZED", "STREAMING"];
            let what = rest.iter().take_while(|token| token.is_any(&words)).count();
            let exists = rest.iter().skip(what).take_while(|token| token.is_any(&["IF", "EXISTS"])).count();
            let mode = if first.is("DROP") { Mode::Drop } else { Mode::Alter };
            let kind = first.text.to_uppercase();
            if what > 0
                && let Some((name, _)) = self.name(rest, what + exists)
            {
                self.write_table(&name, &kind, mode);
            }
            return Some(kind);
        }
        if first.is("USE") {
            self.go_to(rest);
            return Some("USE".to_owned());
        }
        None
    }

    fn go_to(&mut self, rest: &[Token<'a>]) {
        let words = ["CATALOG", "SCHEMA", "DATABASE", "NAMESPACE"];
        let says = rest.first().filter(|first| first.is_any(&words) && rest.len() > 1);
        let at = usize::from(says.is_some());
        let literal = rest.get(at).and_then(|token| self.literal(token));
        if let Some(name) = literal.or_else(|| self.name(rest, at).map(|(name, _)| name)) {
            self.facts.namespace.go_to(&name, says.is_some_and(|word| word.is("CATALOG")));
        }
    }

    fn create(&mut self, rest: &[Token<'a>]) -> String {
        let modifiers = rest.iter().take_while(|token| token.is_any(MODIFIERS)).count();
        let says = |word: &str| rest.iter().take(modifiers).any(|token| token.is(word));
        let (live, streaming, materialized) =
            (says("LIVE") || says("INCREMENTAL"), says("STREAMING"), says("MATERIALIZED"));
        let temporary = says("TEMP") || says("TEMPORARY");
        let Some(what) = rest.get(modifiers) else { return "CREATE".to_owned() };
        let exists = rest.iter().skip(modifiers + 1).take_while(|token| token.is_any(&["IF", "NOT", "EXISTS"])).count();
        let at = modifiers + 1 + exists;
        let kind = format!("CREATE {}", what.text.to_uppercase());
        if what.is("WIDGET") {
            self.widget(rest.get(at..).unwrap_or_default());
            return kind;
        }
        if what.is("FLOW") {
            self.flow(rest.get(at..).unwrap_or_default());
            return kind;
        }
        if !what.is_any(&["TABLE", "VIEW"]) {
            // Functions and procedures may hold queries.
            self.query(rest.get(at..).unwrap_or_default());
            return kind;
        }
        let Some((name, end)) = self.name(rest, at) else { return kind };
        let behind = rest.get(end..).unwrap_or_default();
        let is_dataset = live || streaming || materialized;
        if is_dataset {
            let dataset = match (streaming, what.is("VIEW") && !materialized) {
                (true, _) => DatasetKind::StreamingTable,
                (false, true) => DatasetKind::View,
                (false, false) => DatasetKind::MaterializedView,
            };
            self.dataset(&name, dataset, behind);
        } else if temporary {
            self.sources(behind, false);
            self.facts.temporary(&name);
        } else {
            let mode = if says("REPLACE") { Mode::Replace } else { Mode::Create };
            self.write_table(&name, &kind, mode);
            self.clauses(behind);
            self.sources(behind, false);
        }
        kind
    }

    /// Clauses of a table that name others: LIKE, CLONE, LOCATION.
    fn clauses(&mut self, tokens: &[Token<'a>]) {
        let query = tokens.iter().position(|token| token.is_any(&["AS", "SELECT"])).unwrap_or(tokens.len());
        for (at, token) in tokens.iter().enumerate().take(query) {
            let mode = match token {
                _ if token.is("LIKE") => Mode::Metadata,
                _ if token.is("CLONE") => Mode::Batch,
                _ if token.is("LOCATION") => {
                    if let Some(path) = tokens.get(at + 1).and_then(|token| self.literal(token)) {
                        self.facts.path(&path, PathOperation::Location, "LOCATION", PathReader::Spark);
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some((name, _)) = self.name(tokens, at + 1) {
                self.read_table(&name, mode);
            }
        }
    }

    fn dataset(&mut self, name: &Text, kind: DatasetKind, behind: &[Token<'a>]) {
        let name = live(name);
        self.tables.push(name.shown().replace('`', ""));
        if kind == DatasetKind::StreamingTable {
            self.facts.stream(Streaming::Pipeline);
        }
        let dataset = self.facts.open_dataset(&name, kind, None);
        let expectations = expectations(behind, self.source.text(), self.start);
        if let Some(dataset) = self.facts.datasets.get_mut(dataset) {
            dataset.expectations.extend(expectations);
        }
        self.sources(behind, false);
        self.facts.close_dataset();
    }

    /// CREATE FLOW name AS INSERT INTO … SELECT, or AS AUTO CDC INTO ….
    fn flow(&mut self, rest: &[Token<'a>]) {
        let Some(into) = rest.iter().position(|token| token.is("INTO")) else { return };
        if rest.iter().take(into).any(|token| token.is_any(&["CDC", "CHANGES"])) {
            self.changes_into(rest);
            return;
        }
        let Some((name, end)) = self.name(rest, into + 1) else { return };
        self.tables.push(name.shown().replace('`', ""));
        self.facts.stream(Streaming::Pipeline);
        self.facts.open_dataset(&live(&name), DatasetKind::StreamingTable, None);
        self.sources(rest.get(end..).unwrap_or_default(), false);
        self.facts.close_dataset();
    }

    /// APPLY CHANGES INTO target FROM source.
    fn changes_into(&mut self, rest: &[Token<'a>]) {
        let Some(into) = rest.iter().position(|token| token.is("INTO")) else { return };
        let Some((name, end)) = self.name(rest, into + 1) else { return };
        self.tables.push(name.shown().replace('`', ""));
        self.facts.stream(Streaming::Pipeline);
        let dataset = self.facts.open_dataset(&live(&name), DatasetKind::StreamingTable, None);
        if let Some(dataset) = self.facts.datasets.get_mut(dataset) {
            dataset.changes = true;
        }
        self.sources(rest.get(end..).unwrap_or_default(), false);
        self.facts.close_dataset();
    }

    /// CREATE WIDGET TEXT name DEFAULT 'x'.
    fn widget(&mut self, rest: &[Token<'a>]) {
        let kind = match rest.first() {
            Some(first) if first.is("DROPDOWN") => ParameterKind::Dropdown,
            Some(first) if first.is("COMBOBOX") => ParameterKind::Combobox,
            Some(first) if first.is("MULTISELECT") => ParameterKind::Multiselect,
            _ => ParameterKind::Text,
        };
        let Some(name) = rest.get(1).and_then(Token::name) else { return };
        let behind = |word: &str| rest.iter().position(|token| token.is(word)).and_then(|at| rest.get(at + 1));
        let default = behind("DEFAULT").and_then(Token::literal).map(str::to_owned);
        let choices =
            rest.iter().skip_while(|token| !token.is("CHOICES")).filter_map(Token::literal).map(str::to_owned);
        let at = self.facts.at;
        self.facts.declare(Parameter {
            name: name.into_owned(),
            kind,
            default,
            choices: choices.collect(),
            label: None,
            declared: true,
            uses: 0,
            at,
        });
        self.query(rest);
    }
}

/// A dataset's name without the word that says that it is one.
fn live(name: &Text) -> Text {
    let parts = name.split('.');
    match parts.as_slice() {
        [first, last] if first.known().is_some_and(|first| first.eq_ignore_ascii_case("live")) => last.clone(),
        _ => name.clone(),
    }
}

/// `CONSTRAINT name EXPECT (condition) ON VIOLATION DROP ROW`.
fn expectations(tokens: &[Token<'_>], text: &str, start: usize) -> Vec<Expectation> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if !token.is("EXPECT") || token.kind != Kind::Word {
            continue;
        }
        let name = at.checked_sub(1).and_then(|before| tokens.get(before)).and_then(Token::name);
        let end = closing(tokens, at + 1);
        let inner = tokens.get(at + 2..end).unwrap_or_default();
        let condition = match (inner.first(), inner.last()) {
            (Some(first), Some(last)) => text.get(start + first.start..start + last.end()).unwrap_or_default(),
            _ => "",
        };
        let after: Vec<_> = tokens.iter().skip(end + 1).take(3).collect();
        let action = match after.as_slice() {
            [on, violation, what] if on.is("ON") && violation.is("VIOLATION") => match what {
                what if what.is("DROP") => "drop",
                what if what.is("FAIL") => "fail",
                _ => "warn",
            },
            _ => "warn",
        };
        found.push(Expectation {
            name: name.map(std::borrow::Cow::into_owned).unwrap_or_default(),
            condition: condition.to_owned(),
            action,
        });
    }
    found
}
