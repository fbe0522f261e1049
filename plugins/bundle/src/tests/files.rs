use super::{Case, Gives, give, outcome, run};

const PY: &str = "# Databricks notebook source";

pub(super) const CASES: &[Case] = &[
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: src/n.py}}]}}}\n--- src/n.py\n# Databricks notebook source",
        &[],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: src/n.py}}]}}}\n--- src/n.py\nx = 1",
        &["path-kind@1:77 resources.jobs.a.tasks[0].notebook_task.notebook_path ~ a notebook is due"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: src/n}}]}}}\n--- src/n.py\nx = 1",
        &["path-missing@1:77 ~ did you mean `src/n.py`?"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: src/n.py}}]}}}",
        &["path-missing@1:77 ~ .ipynb"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: n, source: GIT}}], git_source: {git_url: u, git_provider: gitHub, git_branch: m}}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: src}}]}}}\n--- src/n.py\nx",
        &["path-kind@1:77 ~ a folder"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, spark_python_task: {python_file: n.py}}]}}}\n--- n.py\n# Databricks notebook source",
        &["path-kind@1:103 ~ a file is due"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, spark_python_task: {python_file: n.py}}]}}}",
        &["path-missing@1:103 ~ no file n.py"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, spark_python_task: {python_file: 's3://x/n.py'}}]}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, dbt_task: {commands: [x], project_directory: d}}]}}}",
        &["path-missing@1:115 ~ no folder d"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, dbt_task: {commands: [x], project_directory: d}}]}}}\n--- d\nx",
        &["path-kind@1:115 ~ is a file"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: ../n.py}}]}}}",
        &["path-outside@1:77"],
    ),
    (
        "#! folder b\nresources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: ../n.py}}]}}}\n--- n.py\n# Databricks notebook source",
        &["path-outside@1:77 ~ sync.paths"],
    ),
    (
        "#! folder b\nsync: {paths: [.., .]}\nresources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: ../n.py}}]}}}\n--- n.py\n# Databricks notebook source",
        &[],
    ),
    // From the file that holds the path.
    (
        "include: [r/a.yml]\n--- r/a.yml\nresources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: ../src/n.py}}]}}}\n--- src/n.py\n# Databricks notebook source",
        &[],
    ),
    // Or from the one that holds the resource.
    (
        "include: [r/a.yml]\ntargets: {d: {resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: ./n.py}}]}}}}}\n--- r/a.yml\nresources: {jobs: {a: {}}}\n--- r/n.py\n# Databricks notebook source",
        &[],
    ),
    ("resources: {pipelines: {p: {libraries: [{glob: {include: t/**}}]}}}", &["pattern-empty@1:58"]),
    ("resources: {pipelines: {p: {libraries: [{glob: {include: t/**}}]}}}\n--- t/a.py\nx", &[]),
    ("resources: {pipelines: {p: {root_path: t, libraries: [{file: {path: t/a.py}}]}}}\n--- t/a.py\nx", &[]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, python_wheel_task: {package_name: p, entry_point: e}, libraries: [{whl: dist/*.whl}]}]}}}",
        &["pattern-empty@1:142"],
    ),
    (
        "artifacts: {w: {type: whl, build: make}}\nresources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, python_wheel_task: {package_name: p, entry_point: e}, libraries: [{whl: dist/*.whl}]}]}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {environments: [{environment_key: e, spec: {environment_version: '2', dependencies: [./dist/a.whl, requests==2, -r r.txt]}}]}}}\n--- r.txt\nx",
        &["path-missing@1:108"],
    ),
    (
        "resources: {jobs: {a: {environments: [{environment_key: e, spec: {environment_version: '2', dependencies: [-r r.txt]}}]}}}",
        &["path-missing@1:108 ~ no file r.txt"],
    ),
    ("artifacts: {w: {}}", &["artifact@1:16 artifacts.w"]),
    ("artifacts: {w: {files: [{source: a.whl}]}}", &["path-missing@1:34"]),
    ("artifacts: {w: {type: whl, path: lib}}", &["path-missing@1:34 artifacts.w.path"]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}, libraries: [{whl: a/x.whl}, {whl: b/x.whl}]}]}}}\n--- a/x.whl\nx\n--- b/x.whl\nx",
        &["artifact@0:0 ~ one name"],
    ),
    ("sync: {paths: [/etc]}", &["sync@1:16 sync.paths[0]"]),
    ("sync: {paths: [nope]}", &["sync@1:16 ~ no folder nope"]),
    ("sync: {exclude: ['*.csv']}", &["sync-pattern@1:18 sync.exclude[0]"]),
    ("sync: {include: ['*.csv']}", &["sync-pattern@1:18 sync.include[0]"]),
    ("sync: {exclude: ['*']}", &["sync-empty@0:0 sync"]),
];

#[test]
fn files_are_where_paths_lead() {
    run(CASES);
    // The header in the cases is the one that counts.
    assert!(CASES[0].0.contains(PY));
}

const GIVES: &[Gives] = &[
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: ./src/n.py}}]}}}\n--- src/n.py\n# Databricks notebook source",
        "resources.jobs.a.tasks.0.notebook_task.notebook_path",
        "\"/Workspace/Users/ann.lee@example.com/.bundle/b/default/files/src/n\"",
    ),
    (
        "#! folder b\nworkspace: {root_path: /x}\nsync: {paths: [.., .]}\nresources: {jobs: {a: {tasks: [{task_key: t, existing_cluster_id: c, spark_python_task: {python_file: n.py}}]}}}\n--- b/n.py\nx",
        "resources.jobs.a.tasks.0.spark_python_task.python_file",
        "\"/Workspace/x/files/b/n.py\"",
    ),
    (
        "workspace: {root_path: /x}\nresources: {jobs: {a: {tasks: [{task_key: t, for_each_task: {inputs: '[1]', task: {task_key: u, sql_task: {warehouse_id: w, file: {path: q.sql}}}}}]}}}\n--- q.sql\nSELECT 1",
        "resources.jobs.a.tasks.0.for_each_task.task.sql_task.file.path",
        "\"/Workspace/x/files/q.sql\"",
    ),
    (
        "workspace: {root_path: /x}\nresources: {pipelines: {p: {root_path: t, libraries: [{notebook: {path: t/n.ipynb}}]}}}\n--- t/n.ipynb\n{}",
        "resources.pipelines.p.libraries.0.notebook.path",
        "\"/Workspace/x/files/t/n\"",
    ),
    (
        "workspace: {root_path: /x}\nresources: {jobs: {a: {environments: [{environment_key: e, spec: {environment_version: '2', dependencies: [requests, -r r.txt, ./d/*.whl]}}]}}}\n--- r.txt\nx\n--- d/a.whl\nx",
        "resources.jobs.a.environments.0.spec.dependencies",
        "[\"requests\",\"-r /Workspace/x/files/r.txt\",\"/Workspace/x/artifacts/.internal/a.whl\"]",
    ),
    (
        "workspace: {root_path: /x, artifact_path: /Volumes/c/s/v}\nresources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /n}, libraries: [{whl: d/*.whl}, {pypi: {package: p}}]}]}}}\n--- d/a.whl\nx",
        "resources.jobs.a.tasks.0.libraries",
        "[{\"whl\":\"/Volumes/c/s/v/.internal/a.whl\"},{\"pypi\":{\"package\":\"p\"}}]",
    ),
];

#[test]
fn paths_become_those_of_the_workspace() {
    give(GIVES);
}

/// What is uploaded, of the files a text has.
#[test]
fn files_are_chosen_by_rules() {
    for (text, expect) in [
        ("--- a.py\n--- .gitignore\n*.log\n--- x.log", "databricks.yml .gitignore a.py"),
        ("sync: {include: ['*.log']}\n--- .gitignore\n*.log\n--- d/x.log", "databricks.yml .gitignore d/x.log"),
        ("sync: {exclude: [d]}\n--- d/a\n--- e/d/b\n--- c", "databricks.yml c"),
        ("sync: {exclude: [d/a]}\n--- d/a\n--- e/d/a", "databricks.yml e/d/a"),
        ("--- .git/HEAD\n--- .databricks/x\n--- a", "databricks.yml a"),
        ("sync: {paths: [src]}\n--- src/a\n--- b", "src/a"),
        ("--- d/.gitignore\n/x\n!y\n--- d/x\n--- d/y\n--- x", "databricks.yml d/.gitignore d/y x"),
        ("--- .gitignore\nbuild/\n!build/keep\n--- build/keep\n--- a/build/b", "databricks.yml .gitignore"),
        (
            "#! folder p\nsync: {paths: [., ../common]}\n--- p/a\n--- common/c\n--- other/o\n--- .gitignore\n*.tmp\n--- p/x.tmp",
            "p/databricks.yml common/c p/a",
        ),
        (
            "include: [r/s.yml]\n--- r/s.yml\nsync: {exclude: ['*.csv', ../top.txt]}\n--- r/a.csv\n--- b.csv\n--- top.txt",
            "databricks.yml b.csv r/s.yml",
        ),
    ] {
        let mut expected: Vec<&str> = expect.split(' ').collect();
        expected.sort_unstable();
        let outcome = outcome(text);
        let bundle = outcome.bundle.unwrap();
        assert_eq!(bundle.file_count, Some(expected.len()), "{text}: {expect} {:?}", outcome.findings);
    }
}
