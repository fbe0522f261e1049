use super::{Case, Gives, give, run};

pub(super) const CASES: &[Case] = &[
    ("variables: {a: {default: x}}\npresets: {name_prefix: '${var.a}'}", &[]),
    ("variables: {a: }\npresets: {name_prefix: '${var.a}'}", &["variable-missing@1:13 variables.a ~ BUNDLE_VAR_a"]),
    ("variables: {a: {}}\npresets: {name_prefix: '${var.a}'}", &["variable-missing@1:13 ~ variable-overrides.json"]),
    ("#! var a=1\nvariables: {a: }\npresets: {name_prefix: '${var.a}'}", &[]),
    ("#! env BUNDLE_VAR_a=1\nvariables: {a: }\npresets: {name_prefix: '${var.a}'}", &[]),
    (
        "variables: {a: }\npresets: {name_prefix: '${var.a}'}\n--- .databricks/bundle/default/variable-overrides.json\n{\"a\": 1}",
        &[],
    ),
    (
        "variables: {a: {default: 1}}\npresets: {name_prefix: '${var.a}'}\n--- .databricks/bundle/default/variable-overrides.json\n{\"a\": 1,}",
        &["override-file@1:1 ~ line 1, column 9"],
    ),
    (
        "variables: {a: {default: 1}}\npresets: {name_prefix: '${var.a}'}\n--- .databricks/bundle/default/variable-overrides.json\n[1]",
        &["override-file@1:1 ~ no JSON object"],
    ),
    (
        "--- .databricks/bundle/default/variable-overrides.json\n{\n \"b\": 1}",
        &["undeclared-variable@2:2 ~ file of overrides"],
    ),
    (
        "#! var ab=1\nvariables: {abc: {default: 1}}\npresets: {name_prefix: '${var.abc}'}",
        &["undeclared-variable@0:0 ~ `abc`"],
    ),
    ("targets: {d: {variables: {x: 1}}}", &["undeclared-variable@1:27 targets.d.variables.x ~ declare it"]),
    ("variables: {a: {default: 1}}", &["unused-variable@1:13 variables.a"]),
    // Of use in another target.
    ("#! target d\nvariables: {a: {default: 1}}\ntargets: {d: {}, e: {presets: {name_prefix: '${var.a}'}}}", &[]),
    ("variables: {a: {default: [1]}}\nsync: {paths: '${var.a}'}", &["variable-kind@1:26 variables.a ~ type: complex"]),
    (
        "variables: {a: {type: complex, default: x}}\nsync: {paths: '${var.a}'}",
        &["variable-kind@1:41 ~ list or mapping"],
    ),
    ("variables: {a: {type: complex, default: [.]}}\nsync: {paths: '${var.a}'}", &[]),
    (
        "#! var a=x\nvariables: {a: {type: complex, default: [.]}}\nsync: {paths: '${var.a}'}",
        &["variable-kind@1:13 ~ the caller"],
    ),
    (
        "variables: {a: {type: text, default: x}}\npresets: {name_prefix: '${var.a}'}",
        &["enum-value@1:23 variables.a.type"],
    ),
    ("#! found job n=7\nvariables: {a: {lookup: {job: n}}}\npresets: {name_prefix: '${var.a}'}", &[]),
    (
        "#! found job night=none\nvariables: {a: {lookup: {job: night}}}\npresets: {name_prefix: '${var.a}'}",
        &["lookup@1:25 variables.a.lookup ~ no job named `night`"],
    ),
    (
        "#! found job n=several\nvariables: {a: {lookup: {job: n}}}\npresets: {name_prefix: '${var.a}'}",
        &["lookup@1:25 ~ 1, 2"],
    ),
    (
        "#! found job n=failed\nvariables: {a: {lookup: {job: n}}}\npresets: {name_prefix: '${var.a}'}",
        &["lookup@1:25 ~ no answer"],
    ),
    ("variables: {a: {lookup: {job: n}}}\npresets: {name_prefix: '${var.a}'}", &["lookup@1:25 ~ was not looked up"]),
    ("variables: {a: {lookup: {job: n, cluster: m}}}\npresets: {name_prefix: '${var.a}'}", &["lookup@1:25 ~ names 2"]),
    ("variables: {a: {lookup: {}}}\npresets: {name_prefix: '${var.a}'}", &["lookup@1:25 ~ names 0"]),
    (
        "variables: {a: {lookup: {jobs: n}}}\npresets: {name_prefix: '${var.a}'}",
        &["lookup@1:25 ~ did you mean `job`?", "unknown-field@1:26"],
    ),
    ("#! var a=5\nvariables: {a: {lookup: {job: n}}}\npresets: {name_prefix: '${var.a}'}", &[]),
];

#[test]
fn variables_have_values() {
    run(CASES);
}

const GIVES: &[Gives] = &[
    (
        "variables: {a: {default: d}}\nresources: {jobs: {j: {email_notifications: {on_start: '${var.a}'}}}}\ntargets: {t: {variables: {a: [x]}}}",
        "resources.jobs.j.email_notifications.on_start",
        "[\"x\"]",
    ),
    (
        "#! var a=flag\n#! env BUNDLE_VAR_a=env\nvariables: {a: {default: d}}\npresets: {name_prefix: '${var.a}'}",
        "presets.name_prefix",
        "\"flag\"",
    ),
    (
        "#! env BUNDLE_VAR_a=env\nvariables: {a: {default: d}}\npresets: {name_prefix: '${var.a}'}",
        "presets.name_prefix",
        "\"env\"",
    ),
    (
        "variables: {a: {default: d}}\npresets: {name_prefix: '${var.a}'}\ntargets: {t: {variables: {a: e}}}",
        "presets.name_prefix",
        "\"e\"",
    ),
    (
        "variables: {a: {default: d}}\npresets: {name_prefix: '${var.a}'}\ntargets: {t: {variables: {a: {default: e}}}}",
        "presets.name_prefix",
        "\"e\"",
    ),
    (
        "variables: {a: {default: d}}\npresets: {name_prefix: '${var.a}'}\ntargets: {t: {variables: {a: e}}}\n--- .databricks/bundle/t/variable-overrides.json\n{\"a\": \"o\"}",
        "presets.name_prefix",
        "\"o\"",
    ),
    (
        "#! found cluster c=12\nvariables: {a: {default: d}}\npresets: {name_prefix: '${var.a}'}\ntargets: {t: {variables: {a: {lookup: {cluster: c}}}}}",
        "presets.name_prefix",
        "\"12\"",
    ),
    (
        "variables: {a: {type: complex, default: {x: 1, y: 2}}}\nresources: {jobs: {j: {tags: '${var.a}'}}}\ntargets: {t: {variables: {a: {x: 3}}}}",
        "resources.jobs.j.tags",
        "{\"x\":\"3\"}",
    ),
    (
        "variables: {a: {default: 5}}\nresources: {jobs: {j: {max_concurrent_runs: '${var.a}'}}}",
        "resources.jobs.j.max_concurrent_runs",
        "5",
    ),
    (
        "#! var a=5\nvariables: {a: {}}\nresources: {jobs: {j: {max_concurrent_runs: '${var.a}'}}}",
        "resources.jobs.j.max_concurrent_runs",
        "5",
    ),
    ("variables: {a: {default: 5}}\nresources: {jobs: {j: {name: 'n${var.a}'}}}", "resources.jobs.j.name", "\"n5\""),
    (
        "#! found job ann_lee-x=3\nvariables: {n: {default: x}, a: {lookup: {job: '${workspace.current_user.short_name}-${var.n}'}}}\nresources: {jobs: {j: {name: '${var.a}'}}}",
        "resources.jobs.j.name",
        "\"3\"",
    ),
];

#[test]
fn variables_come_from_the_nearest_source() {
    give(GIVES);
}
