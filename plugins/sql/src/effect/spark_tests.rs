//! What Apache Spark's own parser and lexer said (`tests/spark/capture.py`), held against ours.

use std::collections::BTreeMap;

use super::*;
use Effect::{Destroys, Reads, Shares, Writes};

const STATEMENTS: &str = include_str!("../../tests/spark/statements.tsv");
const TOKENS: &str = include_str!("../../tests/spark/tokens.tsv");

/// What each command of Spark must count as at least, by the name of its plan; `!` when it overwrites or replaces.
const AT_LEAST: &[(Effect, &str)] = &[
    (
        Reads,
        "CacheTable CacheTableAsSelect ClearCacheCommand CreateVariable DescribeColumn DescribeFunction DescribeNamespace \
         DescribeQueryCommand DescribeRelation DropVariable ExplainCommand RefreshTable ResetCommand SetCatalogAndNamespace \
         SetCatalogCommand SetCommand SetNamespaceCommand SetVariable ShowCatalogsCommand ShowColumns ShowCreateTable \
         ShowFunctions ShowNamespaces ShowPartitions ShowTableProperties ShowTables ShowViews UncacheTable query",
    ),
    (
        Writes,
        "AddColumns AddPartitions AlterColumns AlterTableClusterBy AnalyzeTable AnalyzeTables CommentOnNamespace CommentOnTable \
         CreateFunction CreateFunctionCommand CreateIndex CreateNamespace CreateTable CreateTableAsSelect CreateTableLikeCommand \
         CreateTempViewUsing CreateUserDefinedFunction CreateView CreateViewCommand CreateViewCommand! InsertIntoStatement \
         RecoverPartitions RepairTable SetNamespaceProperties SetTableProperties SetViewProperties",
    ),
    (Shares, "SetNamespaceLocation SetTableLocation"),
    (
        Destroys,
        "AddFilesCommand AddJarsCommand AlterViewAs Call CreateFunction! CreateFunctionCommand! CreateUserDefinedFunction! \
         CreateView! DeleteFromTable DropColumns DropFunction DropFunctionCommand DropNamespace DropPartitions DropTable DropView \
         ExecuteImmediateQuery InsertIntoDir! InsertIntoStatement! LoadData MergeIntoTable OverwriteByExpression RenameColumn \
         RenamePartitions RenameTable ReplaceColumns ReplaceTable ReplaceTableAsSelect ScriptTransformation \
         SetTableSerDeProperties TruncatePartition TruncateTable UnsetTableProperties UpdateTable",
    ),
];

struct Captured {
    plain: bool,
    commands: String,
    least: Effect,
    text: String,
}

fn captured() -> Vec<Captured> {
    let mut known: BTreeMap<&str, Effect> = BTreeMap::new();
    for (effect, names) in AT_LEAST {
        known.extend(names.split_whitespace().map(|name| (name, *effect)));
    }
    let lines = STATEMENTS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [tag, commands, calls, text] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let of_command = |name: &str| *known.get(name).unwrap_or_else(|| panic!("{name} has no effect: {line}"));
            let least = commands.split(',').map(of_command).max().unwrap();
            let least = if calls == "-" || commands == "ExplainCommand" { least } else { least.max(Shares) };
            Captured {
                plain: tag == "plain",
                commands: commands.to_owned(),
                least,
                text: serde_json::from_str(text).unwrap(),
            }
        })
        .collect()
}

fn effect(text: &str) -> Effect {
    of_script(text, Namespace::default()).iter().map(|(_, judged)| judged.effect).max().unwrap_or(Reads)
}

#[test]
fn what_spark_takes_for_a_change_is_never_judged_harmless() {
    let captured = captured();
    let mut changes = 0;
    for case in &captured {
        let ours = effect(&case.text);
        assert!(
            ours >= case.least,
            "{:?} is {} for Spark, at least {:?}; judged {ours:?}",
            case.text,
            case.commands,
            case.least
        );
        changes += usize::from(case.least > Reads);
    }
    assert!(changes > 1_000, "{changes} of {} are changes", captured.len());
}

#[test]
fn honest_queries_stay_queries() {
    let plain: Vec<_> = captured().into_iter().filter(|case| case.plain).collect();
    for case in &plain {
        assert_eq!(effect(&case.text), Reads, "{:?}", case.text);
    }
    assert!(plain.len() > 80, "{}", plain.len());
}

/// The words, names and literals of Spark's lexer are ours, unless we say that the text is in doubt.
#[test]
fn tokens_are_those_of_sparks_lexer() {
    let mut compared = 0;
    for line in TOKENS.lines().filter(|line| !line.starts_with('#')) {
        let (text, theirs) = line.split_once('\t').unwrap();
        let text: String = serde_json::from_str(text).unwrap();
        let theirs: Vec<String> = serde_json::from_str(theirs).unwrap();
        let read = scan(&text);
        // Spark 4.0 has no dollar quotes.
        if read.doubt.is_some() || read.tokens.iter().any(|t| t.kind == Kind::Text && t.text.starts_with('$')) {
            continue;
        }
        let is_symbol = |text: &str| {
            let begins_a_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '"' | '`');
            !(text.starts_with(begins_a_word) || text.len() > 1 && text.starts_with('.'))
        };
        let theirs: Vec<_> = theirs.iter().map(String::as_str).filter(|text| !is_symbol(text)).collect();
        let ours: Vec<_> = read.tokens.iter().filter(|t| t.kind != Kind::Symbol).map(|t| t.text).collect();
        assert_eq!(ours, theirs, "{text:?}");
        compared += 1;
    }
    assert!(compared > 300, "{compared}");
}

/// Comments, white space and the case of letters between and in words change nothing, or make it graver.
#[test]
fn what_stands_between_words_never_makes_a_statement_harmless() {
    const BETWEEN: &[&str] = &[
        " ",
        "\n",
        "\t ",
        "/**/",
        "/* x */",
        "-- x\n",
        "/* '\" */",
        "--'\n",
        "/* /* */ */",
        "/* /*+ */ ",
        "--\\\n\n",
        "\u{a0}",
        "/*;*/",
    ];
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for case in captured() {
        let read = scan(&case.text);
        if read.doubt.is_some() {
            continue;
        }
        let before = effect(&case.text);
        for _ in 0..8 {
            let mut changed = String::new();
            let mut end = 0;
            for token in &read.tokens {
                // Where nothing stood, only what may stand within `a.b` and behind a quote is put.
                if end != token.start
                    || (next(4) == 0 && end > 0 && token.kind == Kind::Symbol && token.text != ">" && token.text != "+")
                {
                    changed.push_str(BETWEEN[next(BETWEEN.len())]);
                }
                let upper = token.kind == Kind::Word && next(2) == 0;
                changed.push_str(&if upper { token.text.to_ascii_uppercase() } else { token.text.to_owned() });
                end = token.end();
            }
            let after = effect(&changed);
            assert!(after >= before, "{:?} is {before:?}, {changed:?} is {after:?}", case.text);
        }
    }
}
