use bricklayer_bundle::{Found, MemoryFiles, Request, open};
use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, Kind};
use tempfile::TempDir;

use super::*;
use crate::testing::{ANN, ME};

fn asked(template: types::BundleTemplate, name: &str) -> types::InitBundleRequest {
    types::InitBundleRequest {
        template: Some(template),
        project_name: name.to_owned(),
        folder: None,
        catalog: None,
        personal_schemas: None,
        include_job: None,
        include_pipeline: None,
        language: None,
        warehouse: Some("main \"one\"".to_owned()),
        overwrite: None,
    }
}

fn script(project: &TempDir) -> Script {
    let context = CallContext { workspace_host: Some("w.example".to_owned()), ..CallContext::default() };
    Script::new().project(project.path()).context(context).on(ME, 200, ANN)
}

/// Each template, with each choice, is without errors and warnings in both targets.
#[test]
fn what_is_begun_is_good() {
    use types::BundleTemplate::{DefaultMinimal, DefaultPython, DefaultSql, LakeflowPipelines};
    for template in [DefaultMinimal, DefaultPython, DefaultSql, LakeflowPipelines] {
        for choice in 0..16_u8 {
            let is = |bit: u8| choice & (1 << bit) != 0;
            let project = tempfile::tempdir().unwrap();
            let request = types::InitBundleRequest {
                include_job: is(0).then_some(is(1)),
                include_pipeline: is(1).then_some(is(0)),
                language: is(2).then_some(types::PipelineLanguage::Sql),
                personal_schemas: Some(is(3)),
                ..asked(template, "my_project")
            };
            let begun = init(&script(&project), request).unwrap();
            let read = |path: &String| (path.clone(), std::fs::read(project.path().join(path)).unwrap());
            let files: MemoryFiles = begun.files.iter().map(read).collect();
            for target in ["dev", "prod"] {
                let user = User { user_name: "ann@x.y".to_owned(), ..User::default() };
                let request = Request {
                    folder: begun.folder.clone(),
                    target: Some(target.to_owned()),
                    user,
                    host: Some("w.example".to_owned()),
                    ..Request::default()
                };
                let draft = open(&files, request);
                let answers =
                    draft.lookups().into_iter().map(|lookup| (lookup, Found::One("17".to_owned()))).collect::<Vec<_>>();
                let outcome = draft.finish(&files, &answers);
                assert!(outcome.findings.is_empty(), "{template:?} {choice} {target} {:#?}", outcome.findings);
                let jobs =
                    outcome.bundle.unwrap().counts().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>();
                if choice == 0 {
                    let expect: &[&str] = match template {
                        DefaultMinimal => &[],
                        DefaultPython => &["pipelines 1", "jobs 1"],
                        DefaultSql => &["jobs 1"],
                        LakeflowPipelines => &["pipelines 1"],
                    };
                    assert_eq!(jobs, expect, "{template:?}");
                }
            }
        }
    }
}

#[test]
fn files_that_are_there_stay() {
    let project = tempfile::tempdir().unwrap();
    let minimal = || asked(types::BundleTemplate::DefaultMinimal, "p1");
    let begun = init(&script(&project), minimal()).unwrap();
    assert_eq!(begun.files, ["p1/databricks.yml", "p1/.gitignore", "p1/README.md"]);
    let failure = init(&script(&project), minimal()).unwrap_err();
    assert!(failure.message.starts_with("overwrite: databricks.yml, .gitignore, README.md is there"), "{failure:?}");
    let replaced = types::InitBundleRequest { overwrite: Some(true), ..minimal() };
    init(&script(&project), replaced).unwrap();
}

#[test]
fn names_that_are_none_are_refused() {
    let project = tempfile::tempdir().unwrap();
    for (name, sql) in
        [("", false), ("1a", false), ("a-b", false), ("a b", true), ("a_", true), ("../a", true), ("ä", false)]
    {
        let template = if sql { types::BundleTemplate::DefaultSql } else { types::BundleTemplate::DefaultPython };
        let failure = init(&Script::new().project(project.path()), asked(template, name)).unwrap_err();
        assert!(
            failure.kind == Kind::InvalidInput && failure.message.starts_with("project_name"),
            "{name} {failure:?}"
        );
    }
    let dashes = asked(types::BundleTemplate::DefaultSql, "a-b");
    init(&script(&project), dashes).unwrap();
    let without = types::InitBundleRequest { warehouse: None, ..asked(types::BundleTemplate::DefaultSql, "x") };
    assert!(init(&Script::new(), without).unwrap_err().message.starts_with("warehouse: "));
    let outside = types::InitBundleRequest {
        folder: Some("../x".to_owned()),
        ..asked(types::BundleTemplate::DefaultMinimal, "x")
    };
    assert!(init(&Script::new(), outside).unwrap_err().message.starts_with("folder: "));
}
