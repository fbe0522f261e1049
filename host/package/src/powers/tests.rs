use proptest::prelude::*;

use super::*;

fn powers(ids: &[&str]) -> Powers {
    Powers::parse(ids).unwrap()
}

#[track_caller]
fn check_words(id: &str, words: &str) {
    let power = Power::parse(id).unwrap();
    assert_eq!(power.words(), words);
    assert_eq!(power.id(), id);
}

#[test]
fn every_power_has_an_id_and_words() {
    check_words("GET https://api.weather.example/v1/*", "GET api.weather.example/v1/*");
    check_words(
        "POST workspace/api/2.0/sql/statements as-caller",
        "POST your workspace: /api/2.0/sql/statements with your identity",
    );
    check_words("GET workspace/x", "GET your workspace: /x");
    check_words("files:read", "Read files of the project");
    check_words("files:write", "Change, create and delete files of the project");
    check_words("state", "Keep a small store of its own for each project");
    check_words("memory:128MiB", "Use up to 128 MiB of memory for a call");
    check_words("cpu:10s", "Use up to 10 seconds of CPU time for a call");
}

#[track_caller]
fn check_refused(id: &str, says: &str) {
    let message = Power::parse(id).unwrap_err().to_string();
    assert!(message.contains(says), "{message}");
}

#[test]
fn texts_that_are_no_power_are_refused_with_the_way_out() {
    check_refused("", "powers are written like");
    check_refused("files", "files:read");
    check_refused("State", "powers are written like");
    check_refused("memory:128", "memory:128MiB");
    check_refused("memory:0MiB", "between 1 and 256");
    check_refused("memory:0128MiB", "between 1 and 256");
    check_refused("memory:+8MiB", "between 1 and 256");
    check_refused("memory:257MiB", "between 1 and 256");
    check_refused("memory:99999999999MiB", "between 1 and 256");
    check_refused("cpu:61s", "between 1 and 60");
    check_refused("TRACE https://api.example.com/x", "TRACE");
    check_refused("GET http://api.example.com/x", "audience");
    check_refused("GET https://workspace/x", "powers are written like");
    check_refused("GET api.example.com/x", "powers are written like");
    check_refused("GET https://api.example.com", "powers are written like");
    check_refused("GET https://user@api.example.com/x", "audience");
    check_refused("GET https://api.example.com/a/../b", "dot segments");
    check_refused("GET https://api.example.com/x as-caller", "leave `as-caller` out");
    check_refused("GET workspace/x as-admin", "powers are written like");
    check_refused("GET  workspace/x", "powers are written like");
    check_refused(&format!("GET workspace/{}", "x".repeat(2000)), "powers are written like");
}

#[track_caller]
fn check_covers(wide: &str, narrow: &str, expect: bool) {
    let (wide, narrow) = (Power::parse(wide).unwrap(), Power::parse(narrow).unwrap());
    assert_eq!(wide.covers(&narrow), expect, "{wide} covers {narrow}");
}

#[test]
fn a_power_covers_what_it_allows() {
    check_covers("GET https://a.example/v1/**", "GET https://a.example/v1/*", true);
    check_covers("GET https://a.example/v1/*", "GET https://a.example/v1/x", true);
    check_covers("GET https://a.example/v1/*", "GET https://a.example/v1/{id}", true);
    check_covers("GET https://a.example/v1/{id}", "GET https://a.example/v1/*", true);
    check_covers("GET https://a.example/v1/*", "GET https://a.example/v1/**", false);
    check_covers("GET https://a.example/v1/x", "GET https://a.example/v1/*", false);
    check_covers("GET https://a.example/v1/**", "GET https://a.example/v1", false);
    check_covers("GET https://a.example/v1/**", "POST https://a.example/v1/x", false);
    check_covers("GET https://a.example/v1/**", "GET https://b.example/v1/x", false);
    check_covers("GET workspace/x as-caller", "GET workspace/x", true);
    check_covers("GET workspace/x", "GET workspace/x as-caller", false);
    check_covers("memory:128MiB", "memory:65MiB", true);
    check_covers("memory:128MiB", "memory:129MiB", false);
    check_covers("memory:128MiB", "cpu:10s", false);
    check_covers("cpu:10s", "cpu:3s", true);
    check_covers("files:write", "files:read", false);
    check_covers("state", "state", true);
}

#[test]
fn a_call_gets_what_is_asked_and_given() {
    let requested = powers(&["GET https://a.example/v1/*", "files:read", "files:write", "memory:256MiB", "state"]);
    let given = powers(&["GET https://a.example/v1/x", "POST https://a.example/v1/x", "files:read", "memory:128MiB"]);
    let effective = Powers::effective(&given, &requested);
    assert_eq!(effective, powers(&["GET https://a.example/v1/x", "files:read", "memory:128MiB"]));
    assert_eq!((effective.files(), effective.state()), (FilesGrant::Read, false));
    assert_eq!((effective.memory_mib(), effective.cpu_seconds()), (128, DEFAULT_CPU_SECONDS));
    let wide = powers(&["GET https://a.example/**", "memory:256MiB"]);
    let narrow = powers(&["GET https://a.example/v1/x", "memory:100MiB"]);
    assert_eq!(Powers::effective(&wide, &narrow), narrow);
    assert_eq!(powers(&["files:write"]).files(), FilesGrant::None);
    assert!(Powers::effective(&Powers::default(), &requested).is_empty());
}

#[test]
fn an_update_is_compared_by_what_it_allows() {
    let old = powers(&["GET https://a.example/v1/*", "state", "cpu:10s"]);
    let new = powers(&["GET https://a.example/v1/{id}", "POST https://a.example/v1/x", "cpu:20s"]);
    let diff = Powers::diff(&old, &new);
    assert_eq!(diff.added, powers(&["POST https://a.example/v1/x", "cpu:20s"]));
    assert_eq!(diff.removed, powers(&["state"]));
    assert_eq!(diff.kept, powers(&["GET https://a.example/v1/{id}"]));
    assert!(!diff.asks_for_no_more());
    assert!(Powers::diff(&old, &powers(&["cpu:3s"])).asks_for_no_more());
}

#[test]
fn methods_to_one_place_share_a_line() {
    let set = powers(&["GET workspace/x as-caller", "POST workspace/x as-caller", "GET https://a.example/y", "state"]);
    assert_eq!(
        set.words(),
        [
            "GET, POST your workspace: /x with your identity",
            "GET a.example/y",
            "Keep a small store of its own for each project",
        ]
    );
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<Powers>(&json).unwrap(), set);
    assert!(serde_json::from_str::<Powers>(r#"["everything"]"#).is_err());
}

fn pattern() -> impl Strategy<Value = String> {
    let segment =
        prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("*".to_owned()), Just("{id}".to_owned())];
    (prop::collection::vec(segment, 0..4), 0..3).prop_map(|(mut parts, end)| {
        parts.extend((end == 1).then(|| "**".to_owned()));
        let end = if end == 2 && !parts.is_empty() { "/" } else { "" };
        format!("/{}{end}", parts.join("/"))
    })
}

fn power() -> impl Strategy<Value = Power> {
    let http = (prop::bool::ANY, prop::sample::select(Method::ALL.to_vec()), pattern(), prop::bool::ANY).prop_map(
        |(own, method, path, credential)| Power::Http {
            audience: if own { Audience::Workspace } else { Audience::Host("api.example.com".to_owned()) },
            method,
            path: PathPattern::parse(&path).unwrap(),
            credential: credential && own,
        },
    );
    prop_oneof![
        6 => http,
        1 => Just(Power::ReadFiles),
        1 => Just(Power::WriteFiles),
        1 => Just(Power::State),
        1 => (1..=MAX_MEMORY_MIB).prop_map(|mib| Power::Memory { mib }),
        1 => (1..=MAX_CPU_SECONDS).prop_map(|seconds| Power::Cpu { seconds }),
        1 => (1..=MAX_TRANSFER_GIB).prop_map(|gib| Power::Transfer { gib }),
    ]
}

fn set() -> impl Strategy<Value = Powers> {
    prop::collection::vec(power(), 0..8).prop_map(|powers| powers.into_iter().collect())
}

/// Paths that tell two patterns over `a` and `b` apart: the root, and every path of up to five
/// segments over `a`, `b` and `c` with and without a slash at its end.
fn paths() -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut all = vec!["/".to_owned()];
    for _ in 0..5 {
        paths = paths.iter().flat_map(|path| ["a", "b", "c"].map(|part| format!("{path}/{part}"))).collect();
        all.extend(paths.iter().map(|path| format!("{path}/")));
        all.extend(paths.clone());
    }
    all
}

proptest! {
    #[test]
    fn ids_parse_back(power in power()) {
        prop_assert_eq!(Power::parse(&power.id()).unwrap(), power);
    }

    #[test]
    fn reading_never_panics_and_is_canonical(text in "(GET|PUT|memory:|cpu:|files:)?[ a-z0-9:/.*{}A-Z-]{0,40}") {
        if let Ok(power) = Power::parse(&text) {
            prop_assert_eq!(power.id(), text);
        }
    }

    #[test]
    fn covers_is_reflexive_and_transitive(a in power(), b in power(), c in power()) {
        prop_assert!(a.covers(&a));
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
    }

    /// Exact, both ways: containment holds when and only when every matching path matches.
    #[test]
    fn a_pattern_covers_another_when_it_matches_all_that_the_other_matches(a in pattern(), b in pattern()) {
        let (a, b) = (PathPattern::parse(&a).unwrap(), PathPattern::parse(&b).unwrap());
        let contained = paths().iter().all(|path| !b.matches(path) || a.matches(path));
        prop_assert_eq!(a.covers(&b), contained, "{} {}", a.as_str(), b.as_str());
    }

    #[test]
    fn what_is_effective_is_both_given_and_asked(given in set(), requested in set()) {
        let effective = Powers::effective(&given, &requested);
        prop_assert!(given.covers_all(&effective) && requested.covers_all(&effective));
        prop_assert_eq!(Powers::effective(&requested, &requested), requested.clone());
        // More gifts never take anything away.
        let more = given.union(&requested);
        prop_assert!(Powers::effective(&more, &requested).covers_all(&effective));
    }

    #[test]
    fn a_difference_loses_nothing(old in set(), new in set()) {
        let diff = Powers::diff(&old, &new);
        prop_assert_eq!(diff.added.union(&diff.kept), new.clone());
        prop_assert!(diff.removed.iter().all(|power| old.contains(power) && !new.covers(power)));
        prop_assert_eq!(diff.asks_for_no_more(), old.covers_all(&new));
    }
}
