use super::{Case, Gives, give, run};

pub(super) const CASES: &[Case] = &[
    ("resurces: {}", &["unknown-field@1:1 resurces ~ did you mean `resources`?"]),
    ("resources: {job: {}}", &["unknown-resource-kind@1:13 resources.job ~ did you mean `jobs`?"]),
    (
        "resources: {jobs: {a: {tsks: []}}}",
        &["unknown-field@1:24 resources.jobs.a.tsks ~ did you mean `tasks` or `tags`?"],
    ),
    ("resources: {jobs: {a: {maxConcurrentRuns: 1}}}", &["unknown-field@1:24 ~ `max_concurrent_runs`"]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_pth: /x, notebook_path: /x}}]}}}",
        &["unknown-field@1:62"],
    ),
    ("resources: {jobs: {a: {format: MULTI_TASK}}}", &["unknown-field@1:24"]),
    ("targets: {d: {resources: {jobs: {a: {nam: x}}}}}", &["unknown-field@1:38 resources.jobs.a.nam"]),
    // A target that is not chosen is read as well.
    ("#! target d\ntargets: {d: {}, e: {presets: {x: 1}}}", &["unknown-field@1:32 targets.e.presets.x"]),
    ("resources: {jobs: {a: {name: [x]}}}", &["wrong-kind@1:30 resources.jobs.a.name ~ a list, but a text"]),
    ("resources: {jobs: {a: {tags: [x]}}}", &["wrong-kind@1:30 ~ without `- `"]),
    ("resources: {jobs: {a: {tasks: {task_key: x}}}}", &["wrong-kind@1:31 ~ write a list"]),
    ("resources: {jobs: {a: {timeout_seconds: soon}}}", &["wrong-kind@1:41 ~ a whole number is due"]),
    ("resources: {jobs: {a: {timeout_seconds: 1.5}}}", &["wrong-kind@1:41"]),
    ("resources: {jobs: {a: {timeout_seconds: '10', max_concurrent_runs: 2.0}}}", &[]),
    ("resources: {pipelines: {a: {serverless: yes}}}", &[]),
    ("resources: {pipelines: {a: {serverless: maybe}}}", &["wrong-kind@1:41 ~ true or false is due"]),
    ("resources: {jobs: {a: {name: 5}}}", &[]),
    ("resources: {jobs: {a: {name: }}}", &["null-value@1:28 resources.jobs.a.name"]),
    ("resources: {jobs: {a: {tags: {x: }}}}", &["null-value@1:32"]),
    (
        "resources: {jobs: {a: {schedule: {timezone_id: UTC}}}}",
        &["required-field@1:34 resources.jobs.a.schedule ~ `quartz_cron_expression`"],
    ),
    ("resources: {schemas: {s: {name: x}}}", &["required-field@1:26 ~ `catalog_name`"]),
    ("resources: {volumes: {v: {name: x, catalog_name: c, schema_name: s}}}", &[]),
    ("resources: {jobs: {a: {parameters: [{name: x}]}}}", &["required-field@1:37 ~ `default`"]),
    ("resources: {jobs: {a: {performance_target: fast}}}", &["enum-value@1:44 ~ PERFORMANCE_OPTIMIZED"]),
    ("resources: {jobs: {a: {performance_target: standard}}}", &["enum-value@1:44 ~ write `STANDARD`"]),
    (
        "resources: {jobs: {a: {git_source: {git_url: u, git_provider: github, git_branch: m}}}}",
        &["enum-value@1:63 ~ `gitHub`"],
    ),
    // Texts with references may become anything; what they become is looked at.
    ("variables: {x: {default: zzz}}\nresources: {jobs: {a: {performance_target: '${var.x}'}}}", &["enum-value@2:44"]),
    (
        "variables: {c: {type: complex, default: {nam: x}}}\nresources: {jobs: {a: {queue: '${var.c}'}}}",
        &["unknown-field@1:42 resources.jobs.a.queue.nam", "required-field@2:31"],
    ),
    (
        "x: &a {name: j, y: '${var.none}'}\nresources: {jobs: {a: {<<: *a}}}",
        &["unknown-field@1:17 resources.jobs.a.y", "reference-missing@1:20"],
    ),
    ("resources: {alerts: {a: {file_path: a.json, warehouse_id: w, display_name: d}}}\n--- a.json\n{}", &[]),
    ("resources: {postgres_projects: {p: {whatever: 1}}}", &[]),
];

#[test]
fn fields_are_those_of_the_table() {
    run(CASES);
}

const GIVES: &[Gives] = &[
    // Nothing that the workspace does not know is sent to it.
    (
        "resources: {jobs: {j: {name: n, nam: m, tasks: [{task_key: t, x: {y: z}}]}}}",
        "resources.jobs.j.tasks",
        "[{\"task_key\":\"t\"}]",
    ),
    ("resources: {jobs: {a: {name: 5, timeout_seconds: '10'}}}", "resources.jobs.a.timeout_seconds", "10"),
    ("resources: {jobs: {a: {name: 5}}}", "resources.jobs.a.name", "\"5\""),
    ("resources: {pipelines: {a: {serverless: yes}}}", "resources.pipelines.a.serverless", "true"),
    ("resources: {jobs: {a: {tags: {x: 1, y: true}}}}", "resources.jobs.a.tags", "{\"x\":\"1\",\"y\":\"true\"}"),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, run_job_task: {job_id: 9223372036854775807}}]}}}",
        "resources.jobs.a.tasks.0.run_job_task.job_id",
        "9223372036854775807",
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, run_job_task: {job_id: '9223372036854775806'}}]}}}",
        "resources.jobs.a.tasks.0.run_job_task.job_id",
        "9223372036854775806",
    ),
    (
        "resources: {jobs: {a: {job_clusters: [{job_cluster_key: k, new_cluster: {num_workers: 0, is_single_node: true}}]}}}",
        "resources.jobs.a.job_clusters.0.new_cluster.num_workers",
        "0",
    ),
];

#[test]
fn scalars_become_what_fields_take() {
    give(GIVES);
}
