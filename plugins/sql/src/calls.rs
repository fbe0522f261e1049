//! What one call of a tool would do: an operation for each statement.

use bricklayer_databricks::operations::{Effect, Operation};
use serde_json::Value;

use crate::effect::{Judgement, Namespace, of_script};

/// Operations that one answer names; protects the one who reads it. More than a script may have.
const MAX_OPERATIONS: usize = 101;

/// Bytes of statements that one answer repeats; protects the host's memory. What does not fit counts as destroying,
/// since nobody can look at it.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// The operations of a call with these JSON arguments, in the order they run.
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    // The other tools are what their annotations say (`review = false` in plugin.toml), and are not asked about.
    match tool {
        "execute_sql" => statements(text("statement"), &input),
        "execute_sql_multi" => statements(text("script"), &input),
        _ => vec![Operation::unknown()],
    }
}

fn statements(script: Option<&str>, input: &Value) -> Vec<Operation> {
    let Some(script) = script else { return vec![Operation::unknown()] };
    let given = |name: &str| input.get(name).and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let namespace = Namespace { catalog: given("catalog"), schema: given("schema") };
    let mut judged = of_script(script, namespace);
    if judged.is_empty() {
        let nothing = Operation::new(Effect::Reads, "NOTHING", Vec::new());
        return vec![Operation { detail: Some("holds no SQL".to_owned()), ..nothing }];
    }
    let rest = judged.split_off(judged.len().min(MAX_OPERATIONS));
    let mut left = MAX_TEXT_BYTES;
    let mut operations: Vec<_> = judged.into_iter().map(|(text, judged)| operation(text, judged, &mut left)).collect();
    if !rest.is_empty() {
        let more = Operation::new(Effect::Destroys, "MORE STATEMENTS", Vec::new());
        operations.push(Operation {
            detail: Some(format!("and {} more statements, which are not shown", rest.len())),
            ..more
        });
    }
    operations
}

fn operation(text: &str, judged: Judgement, left: &mut usize) -> Operation {
    let Judgement { effect, verb, objects, detail } = judged;
    if text.len() <= *left {
        *left -= text.len();
        return Operation { effect, verb, objects, text: Some(text.to_owned()), detail };
    }
    let shown = bricklayer_sdk::cut_text(text, *left / 4);
    *left = 0;
    Operation {
        effect: Effect::Destroys,
        verb,
        objects: Vec::new(),
        text: Some(shown),
        detail: Some(format!("too long to be shown whole: the statement has {} bytes", text.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(tool: &str, input: &str) -> Option<Effect> {
        operations(tool, input).iter().map(|operation| operation.effect).max()
    }

    #[test]
    fn calls_are_judged_by_what_they_would_send() {
        assert_eq!(effect("execute_sql", r#"{"statement":"select 1"}"#), Some(Effect::Reads));
        assert_eq!(effect("execute_sql", r#"{"statement":"drop table t"}"#), Some(Effect::Destroys));
        assert_eq!(
            effect("execute_sql_multi", r#"{"script":"select 1; insert into t values (1)"}"#),
            Some(Effect::Writes)
        );
        assert_eq!(effect("execute_sql", r#"{"script":"select 1"}"#), Some(Effect::Destroys));
        assert_eq!(effect("execute_sql", "nonsense"), Some(Effect::Destroys));
        assert_eq!(effect("another", "{}"), Some(Effect::Destroys));
    }

    #[test]
    fn each_statement_is_an_operation_with_its_exact_text() {
        let found = operations(
            "execute_sql_multi",
            r#"{"catalog":"Main","script":"-- a\nuse Sales;\n\n\nDROP  TABLE t; select 1"}"#,
        );
        let texts: Vec<_> = found.iter().filter_map(|operation| operation.text.as_deref()).collect();
        assert_eq!(texts, ["use Sales", "DROP  TABLE t", "select 1"]);
        assert_eq!(
            (found[1].verb.as_str(), found[1].objects.as_slice()),
            ("DROP TABLE", ["main.sales.t".to_owned()].as_slice())
        );
        let one = operations("execute_sql", r#"{"statement":"drop table t;","catalog":"c","schema":"s"}"#);
        assert_eq!(one[0].objects, ["c.s.t"]);
    }

    #[test]
    fn nothing_that_runs_is_hidden_unsaid() {
        let many = serde_json::json!({"script": "select 1;".repeat(150)}).to_string();
        let found = operations("execute_sql_multi", &many);
        let last = found.last().unwrap();
        assert_eq!((found.len(), last.effect), (MAX_OPERATIONS + 1, Effect::Destroys));
        assert!(last.detail.as_deref().unwrap().contains("49 more"), "{last:?}");
        let long = serde_json::json!({"statement": format!("select '{}'", "x".repeat(MAX_TEXT_BYTES))}).to_string();
        let found = operations("execute_sql", &long);
        assert_eq!((found.len(), found[0].effect), (1, Effect::Destroys));
        assert!(found[0].detail.as_deref().unwrap().contains("too long"));
    }
}
