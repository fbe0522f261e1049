//! The table of attacks, and how each is made. It stands alone: the runtime's suite takes one test from each line, and
//! the server's suite sends the same lines to the built program.

use serde_json::{Value, json};

/// Which guest attacks, and with what.
pub(crate) enum Attack {
    /// A tool of the hostile guest.
    Tool(&'static str, Value),
    /// A component in WebAssembly text whose `run` is called without arguments, and the type of its result.
    Text(String, &'static str),
}

/// Gives the table to a macro. A line: its name, the attack, the kind of its end and a part of what is said then.
macro_rules! corpus {
    ($with:ident) => { $with! {
        // Processor time.
        endless_loop: tool("spin", json!({})) => LimitExceeded "cpu limit";
        endless_loop_in_start: module("(func $s (loop (br 0))) (start $s) (func (export \"run\"))") => LimitExceeded "cpu limit";
        endless_loop_after_return: after_return() => LimitExceeded "cpu limit";
        endless_bulk_fill: module("(memory 900) (func (export \"run\") (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 58000000)) (br 0)))") => LimitExceeded "cpu limit";
        endless_bulk_copy: module("(memory 900) (func (export \"run\") (loop (memory.copy (i32.const 1) (i32.const 0) (i32.const 58000000)) (br 0)))") => LimitExceeded "cpu limit";
        endless_table_fill: module("(table 19000 funcref) (func (export \"run\") (loop (table.fill (i32.const 0) (ref.null func) (i32.const 19000)) (br 0)))") => LimitExceeded "cpu limit";
        endless_tail_calls: module("(func $f (export \"run\") (return_call $f))") => LimitExceeded "cpu limit";
        endless_indirect_calls: module("(type $t (func)) (table 1 funcref) (elem (i32.const 0) $g) (func $g) (func (export \"run\") (loop (call_indirect (type $t) (i32.const 0)) (br 0)))") => LimitExceeded "cpu limit";
        endless_empty_writes: tool("empty_writes", json!({})) => LimitExceeded "limit";
        endless_random: tool("random_flood", json!({})) => LimitExceeded "cpu limit";
        endless_polls: tool("poll_flood", json!({})) => LimitExceeded "cpu limit";

        // Stack.
        recursion: module("(func $f (export \"run\") call $f)") => LimitExceeded "stack limit";
        recursion_with_locals: tool("recurse", json!({"depth": 0})) => Trap "out of bounds memory access";
        recursion_of_two: module("(func $f (export \"run\") call $g) (func $g call $f)") => LimitExceeded "stack limit";

        // Memory and tables.
        memory_bomb: tool("allocate", json!({"mib": 1024})) => LimitExceeded "memory limit: the call asked for more than 64 MiB";
        memory_bomb_page_by_page: module("(memory 1) (func (export \"run\") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))") => LimitExceeded "memory limit";
        memory_bomb_at_birth: module("(memory 1100) (func (export \"run\"))") => LimitExceeded "memory limit";
        memory_bomb_over_four_memories: over_instances(4, "(memory 1) (func (export \"f\") (drop (memory.grow (i32.const 400))))") => LimitExceeded "memory limit";
        table_bomb: module("(table $t 1 funcref) (func (export \"run\") (if (i32.eq (table.grow $t (ref.null func) (i32.const 10000000)) (i32.const -1)) (then unreachable)))") => Trap "the plugin crashed";
        table_bomb_over_instances: over_instances(2, "(table $t 1 funcref) (func (export \"f\") (drop (table.grow $t (ref.null func) (i32.const 15000))))") => LimitExceeded "table limit";

        // What the host holds for a guest.
        huge_string_to_the_host: tool("big_output", json!({"bytes": 30_000_000})) => LimitExceeded "host-call limit: one call carried more than 16777216 bytes";
        string_that_is_not_there: returns("(i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const 209715200))", " -> string") => Trap "out of bounds";
        list_of_four_billion: returns("(i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const -1))", " -> list<u64>") => Trap "";
        string_that_is_no_text: returns("(i32.store (i32.const 0) (i32.const -1)) (i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const 4))", " -> string") => Trap "";
        result_at_an_odd_address: returns_at(9, " -> string") => Trap "";
        result_of_two_megabytes: tool("big_output", json!({"bytes": 2_000_000})) => LimitExceeded "output limit: the result has more than 1048576 bytes";
        a_million_handles: tool("hoard", json!({"count": 1_000_000})) => LimitExceeded "handle limit";
        ten_gibibytes_of_output: tool("print_flood", json!({})) => LimitExceeded "limit";
        header_of_a_mebibyte: tool("big_header", json!({"bytes": 1_048_576})) => LimitExceeded "header limit: one set of headers had more than 32768 bytes";
        random_bytes_at_once: tool("random", json!({"bytes": 10_000_000})) => LimitExceeded "random limit: more than 65536 random bytes";
        log_flood: tool("log_flood", json!({})) => LimitExceeded "limit";
        progress_flood: tool("report_flood", json!({})) => LimitExceeded "limit";
        context_flood: tool("context_flood", json!({})) => LimitExceeded "limit";
        state_flood: tool("state_flood", json!({})) => Failed "key 256: StateError::TooManyKeys";

        // Time, requests, ends.
        sleep_for_ever: tool("nap", json!({"millis": 100_000_000})) => Timeout "time limit";
        request_without_answer: fetch("GET", "/api/ok/hang") => Timeout "time limit: the call took longer than 2 seconds";
        response_slurping: fetch("GET", "/api/ok/huge") => LimitExceeded "";
        request_flood: tool("fetch_flood", json!({"path": "/api/ok/x", "count": 2000})) => LimitExceeded "request limit: a call may send 50 requests";
        socket_of_its_own: tool("connect", json!({"address": "127.0.0.1:80"})) => Failed "";
        crash: tool("crash", json!({"message": "what I did wrong"})) => Trap "what I did wrong";
        exit: tool("leave", json!({"code": 3})) => Trap "the plugin crashed";
        unreachable: module("(func (export \"run\") unreachable)") => Trap "the plugin crashed";

        // Files. What is outside, and that nothing outside changed, is checked in `files` and in `tenants`.
        file_by_dots: read("/project/../../../../../../etc/hostname") => Failed "";
        file_by_absolute_path: read("/etc/hostname") => Failed "";
        file_of_proc: read("/proc/self/environ") => Failed "";
        file_with_a_trailing_slash: read("/project/a.txt/") => Failed "";
        file_with_a_very_long_name: read(&format!("/project/{}", "x".repeat(5_000))) => Failed "";
        file_with_a_very_long_path: read(&format!("/project/{}a.txt", "./".repeat(500_000))) => Failed "";
        file_with_a_zero_in_its_name: read("/project/a.txt\0.png") => Failed "";
        link_made_to_the_outside: tool("link_and_read", json!({"target": "/etc/hostname", "link": "/project/link"})) => Failed "";
        link_made_upwards: tool("link_and_read", json!({"target": "../../../../etc/hostname", "link": "/project/link"})) => Failed "";
        link_to_itself: tool("link_and_read", json!({"target": "link", "link": "/project/link"})) => Failed "";
        rename_to_the_outside: tool("rename", json!({"source": "/project/a.txt", "target": "/project/../stolen"})) => Failed "";
        hard_link_from_the_outside: tool("hard_link", json!({"source": "/etc/hostname", "target": "/project/mine"})) => Failed "";
        hard_link_to_the_outside: tool("hard_link", json!({"source": "/project/a.txt", "target": "/project/../mine"})) => Failed "";
        folders_without_end: tool("dig", json!({"path": "/project", "depth": 100_000})) => Failed "Filename too long";
        files_without_end: tool("open_many", json!({"path": "/project/a.txt", "count": 100_000})) => LimitExceeded "handle limit";
        disk_filled: tool("fill", json!({"path": "/project/full", "mib": 10_000})) => LimitExceeded "file limit: the call wrote more than 8388608 bytes";
        disk_filled_by_holes: tool("stretch", json!({"path": "/project/full", "bytes": 1_099_511_627_776_u64})) => LimitExceeded "file limit";
    } };
}

pub(crate) use corpus;

/// The WIT of a component in text.
pub(crate) fn wit_of(result: &str) -> String {
    format!("package test:wat; world w {{ export run: func(){result}; }}")
}

/// Calls a tool of the hostile guest.
pub(crate) fn tool(name: &'static str, input: Value) -> Attack {
    Attack::Tool(name, input)
}

/// One core module with an export `run` that gives nothing back.
pub(crate) fn module(text: &str) -> Attack {
    Attack::Text(
        format!(
            "(component (core module $m {text}) (core instance $i (instantiate $m))
             (func (export \"run\") (canon lift (core func $i \"run\"))))"
        ),
        "",
    )
}

pub(crate) fn read(path: &str) -> Attack {
    tool("read_file", json!({"path": path}))
}

pub(crate) fn fetch(method: &str, path: &str) -> Attack {
    tool("fetch", json!({"method": method, "authority": "workspace", "path": path, "headers": [], "trailers": []}))
}

/// Loops when the host is done with the result.
pub(crate) fn after_return() -> Attack {
    Attack::Text(
        r#"(component
            (core module $m (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0))
                (func (export "post") (param i32) (loop (br 0))))
            (core instance $i (instantiate $m))
            (alias core export $i "memory" (core memory $mem))
            (alias core export $i "post" (core func $post))
            (func (export "run") (result string)
                (canon lift (core func $i "run") (memory $mem) (post-return $post))))"#
            .to_owned(),
        " -> string",
    )
}

/// Calls `f` of that many instances of a module, one after the other.
pub(crate) fn over_instances(count: usize, module: &str) -> Attack {
    let instances: String = (0..count).map(|i| format!("(core instance $i{i} (instantiate $m))")).collect();
    let imports: String = (0..count).map(|i| format!("(import \"{i}\" \"f\" (func $f{i}))")).collect();
    let calls: String = (0..count).map(|i| format!("call $f{i} ")).collect();
    let with: String = (0..count).map(|i| format!("(with \"{i}\" (instance $i{i}))")).collect();
    Attack::Text(
        format!(
            "(component (core module $m {module}) {instances}
             (core module $all {imports} (func (export \"run\") {calls}))
             (core instance $a (instantiate $all {with}))
             (func (export \"run\") (canon lift (core func $a \"run\"))))"
        ),
        "",
    )
}

/// Leaves a result at address 8.
pub(crate) fn returns(stores: &str, result: &'static str) -> Attack {
    let kind = result.trim_start_matches(" -> ").replace("list<u64>", "(list u64)");
    lifted(&format!("{stores} (i32.const 8)"), &kind, result)
}

/// Says that its result is at an address.
pub(crate) fn returns_at(address: u32, result: &'static str) -> Attack {
    lifted(&format!("(i32.const {address})"), "string", result)
}

pub(crate) fn lifted(body: &str, kind: &str, result: &'static str) -> Attack {
    Attack::Text(
        format!(
            r#"(component
                (core module $m (memory (export "memory") 1) (func (export "run") (result i32) {body}))
                (core instance $i (instantiate $m))
                (alias core export $i "memory" (core memory $mem))
                (func (export "run") (result {kind}) (canon lift (core func $i "run") (memory $mem))))"#
        ),
        result,
    )
}
