//! Guests that no compiler would make, in WebAssembly text.

use std::time::Duration;

use bricklayer_domain::ToolErrorKind;
use bricklayer_runtime::Limits;
use serde_json::json;

use crate::support::{Bench, failed, package_of};

const WIT: &str = "package test:wat; world w { export run: func(); }";

async fn run(component: &str) -> bricklayer_domain::ToolOutcome {
    let limits = Limits { cpu: Duration::from_millis(200), ..Limits::default() };
    let bench = Bench::with(limits, package_of(component, WIT)).await;
    let outcome = bench.call("run", json!({})).await;
    assert_eq!(bench.runtime.stats().free_slots, 8);
    outcome
}

#[tokio::test]
async fn memories_are_summed() {
    // Each of the three memories stays below the limit of 64 MiB; together they do not.
    let grower = |name: &str| {
        format!(
            "(core module ${name} (memory 1) (func (export \"f\")
                (if (i32.eq (memory.grow (i32.const 480)) (i32.const -1)) (then unreachable))))
             (core instance ${name}i (instantiate ${name}))"
        )
    };
    let component = format!(
        r#"(component {} {} {}
            (core module $all
                (import "a" "f" (func $a)) (import "b" "f" (func $b)) (import "c" "f" (func $c))
                (func (export "run") call $a call $b call $c))
            (core instance $i (instantiate $all
                (with "a" (instance $ai)) (with "b" (instance $bi)) (with "c" (instance $ci))))
            (func (export "run") (canon lift (core func $i "run"))))"#,
        grower("a"),
        grower("b"),
        grower("c")
    );
    failed(&run(&component).await, ToolErrorKind::LimitExceeded, "memory limit");
}

#[tokio::test]
async fn tables_are_summed() {
    // The pool gives each core instance one table, so a bomb takes several instances.
    let component = r#"(component
        (core module $grower (table $t 1 funcref) (func (export "grow")
            (drop (table.grow $t (ref.null func) (i32.const 15000)))))
        (core instance $a (instantiate $grower))
        (core instance $b (instantiate $grower))
        (core module $m (import "a" "grow" (func $a)) (import "b" "grow" (func $b))
            (func (export "run") call $a call $b))
        (core instance $i (instantiate $m (with "a" (instance $a)) (with "b" (instance $b))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    failed(&run(component).await, ToolErrorKind::LimitExceeded, "table limit");
}

#[tokio::test]
async fn a_start_function_is_bounded_too() {
    let component = r#"(component
        (core module $m (func $s (loop (br 0))) (start $s) (func (export "run")))
        (core instance $i (instantiate $m))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    failed(&run(component).await, ToolErrorKind::LimitExceeded, "cpu limit");
}

#[tokio::test]
async fn deep_recursion_ends_at_the_stack_limit() {
    let component = r#"(component
        (core module $m (func $f (export "run") call $f))
        (core instance $i (instantiate $m))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    failed(&run(component).await, ToolErrorKind::LimitExceeded, "stack limit");
}

#[tokio::test]
async fn bulk_work_ends_at_the_cpu_limit() {
    let component = r#"(component
        (core module $m (memory 900) (func (export "run")
            (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 58000000)) (br 0))))
        (core instance $i (instantiate $m))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    failed(&run(component).await, ToolErrorKind::LimitExceeded, "cpu limit");
}

#[tokio::test]
async fn a_dry_run_starts_and_calls_nothing() {
    // `run` traps and is not called; `$s` runs at the start.
    let component = |start: &str| {
        format!(
            r#"(component
            (core module $m (memory 1) (func $s {start}) (start $s) (func (export "run") unreachable))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#
        )
    };
    let limits = Limits { cpu: Duration::from_millis(200), ..Limits::default() };
    for (start, expect) in [
        ("nop", None),
        ("unreachable", Some("crashed")),
        ("(loop (br 0))", Some("cpu limit")),
        ("(drop (memory.grow (i32.const 480))) (loop (br 0))", Some("cpu limit")),
    ] {
        let bench = Bench::with(limits.clone(), package_of(&component(start), WIT)).await;
        let said = bench.runtime.dry_run(&bench.plugin).await.err().map(|error| error.to_string());
        match (&said, expect) {
            (None, None) => {}
            (Some(said), Some(expect)) => assert!(said.contains(expect), "{start}: {said}"),
            _ => panic!("{start}: {said:?}"),
        }
        assert_eq!((bench.runtime.stats().free_slots, bench.audit().len()), (8, 0));
    }
}
