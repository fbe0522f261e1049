use super::{Case, run};

pub(super) const CASES: &[Case] = &[
    ("resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}}]}}}", &[]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, run_job_task: {job_id: 1}}, {task_key: t, run_job_task: {job_id: 2}}]}}}",
        &["duplicate-task@1:74 resources.jobs.a.tasks[1] ~ first in line 1"],
    ),
    (
        "resources: {jobs: {a: {parameters: [{name: p, default: ''}, {name: p, default: ''}]}}}",
        &["duplicate-task@1:61"],
    ),
    ("resources: {jobs: {a: {tasks: [{task_key: t}]}}}", &["task-kind@1:32 ~ does nothing"]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}, run_job_task: {job_id: 1}}]}}}",
        &["task-kind@1:32 ~ both"],
    ),
    ("resources: {jobs: {a: {tasks: [{run_job_task: {job_id: 1}}]}}}", &["required-field@1:32 ~ task_key"]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, spark_python_task: {python_file: /x.py}}]}}}",
        &["task-compute@1:32"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, spark_python_task: {python_file: /x.py}, existing_cluster_id: c}]}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, dbt_task: {commands: [x]}, environment_key: e}]}}}",
        &["unknown-environment@1:90 ~ `environments`"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, dbt_task: {commands: [x]}, environment_key: e}], environments: [{environment_key: e, spec: {environment_version: '2'}}]}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, run_job_task: {job_id: 1}, job_cluster_key: k}]}}}",
        &["unknown-job-cluster@1:90"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, run_job_task: {job_id: 1}, job_cluster_key: man}], job_clusters: [{job_cluster_key: main, new_cluster: {num_workers: 1}}]}}}",
        &["unknown-job-cluster@1:90 ~ did you mean `main`?", "unused-job-cluster@1:112"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}, existing_cluster_id: c, new_cluster: {num_workers: 1}}]}}}",
        &["exclusive@1:32"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, run_job_task: {job_id: 1}, depends_on: [{task_key: nope}]}]}}}",
        &["unknown-task@1:97 resources.jobs.a.tasks[0].depends_on[0].task_key"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, run_job_task: {job_id: 1}, depends_on: [{task_key: y}]}, {task_key: y, run_job_task: {job_id: 1}, depends_on: [{task_key: x}]}]}}}",
        &["task-cycle@1:32 resources.jobs.a.tasks[0] ~ x → y → x"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, run_job_task: {job_id: 1}, depends_on: [{task_key: x}]}]}}}",
        &["task-cycle@1:32 ~ x → x"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, for_each_task: {inputs: 'a,b', task: {task_key: y, run_job_task: {job_id: 1}}}}]}}}",
        &["for-each-inputs@1:70"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, for_each_task: {inputs: '[1]', task: {task_key: y, run_job_task: {job_id: 1}}}}]}}}",
        &[],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, for_each_task: {inputs: '{{tasks.a.values.b}}', task: {task_key: y}}}]}}}",
        &["task-kind@1:100 resources.jobs.a.tasks[0].for_each_task.task"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, for_each_task: {inputs: '[1]', task: {task_key: y, for_each_task: {inputs: '[1]', task: {task_key: z, run_job_task: {job_id: 1}}}}}}]}}}",
        &["task-kind@1:112 ~ another loop"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, sql_task: {warehouse_id: w}}]}}}",
        &["incomplete@1:56 ~ one of query"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: x, sql_task: {warehouse_id: w, query: {query_id: q}, alert: {alert_id: a}}}]}}}",
        &["exclusive@1:56"],
    ),
    (
        "resources: {jobs: {a: {continuous: {}, schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC}}}}",
        &["exclusive@1:23 resources.jobs.a"],
    ),
    ("resources: {jobs: {a: {trigger: {}}}}", &["incomplete@1:33 ~ file_arrival"]),
    ("resources: {jobs: {a: {trigger: {periodic: {interval: 1, unit: DAYS}}}}}", &[]),
    ("resources: {jobs: {a: {git_source: {git_url: u, git_provider: gitHub}}}}", &["incomplete@1:36"]),
    (
        "resources: {jobs: {a: {git_source: {git_url: u, git_provider: gitHub, git_branch: b, git_tag: t}}}}",
        &["exclusive@1:36"],
    ),
    (
        "resources: {jobs: {a: {schedule: {quartz_cron_expression: '0 6 * * *', timezone_id: UTC}}}}",
        &["schedule@1:59 resources.jobs.a.schedule.quartz_cron_expression ~ five parts"],
    ),
    (
        "resources: {jobs: {a: {schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: 'Central Europe'}}}}",
        &["schedule@1:87 ~ time zone"],
    ),
    (
        "resources: {jobs: {a: {schedule: {quartz_cron_expression: '${var.c}', timezone_id: UTC}}}}\nvariables: {c: {default: '0 0 99 * * ?'}}",
        &["schedule@1:59 ~ `99`"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}, new_cluster: {spark_version: x, num_workers: 0}}]}}}",
        &["single-node@1:127"],
    ),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, notebook_task: {notebook_path: /x}, new_cluster: {num_workers: 0, policy_id: p}}]}}}",
        &[],
    ),
    (
        "resources: {clusters: {c: {num_workers: 0, spark_conf: {spark.databricks.cluster.profile: singleNode, spark.master: 'local[*]'}, custom_tags: {ResourceClass: SingleNode}}}}",
        &[],
    ),
    ("resources: {clusters: {c: {num_workers: 0, is_single_node: true}}}", &[]),
    ("resources: {pipelines: {c: {clusters: [{num_workers: 0}]}}}", &["single-node@1:54"]),
    (
        "resources: {jobs: {a: {tasks: [{task_key: t, python_wheel_task: {package_name: p, entry_point: e}, libraries: [{whl: a.whl}], new_cluster: {spark_version: 12.2.x-scala2.12, num_workers: 1}}]}}}\n--- a.whl\nx",
        &["wheel-runtime@1:156"],
    ),
];

#[test]
fn tasks_can_run() {
    run(CASES);
}
