use super::*;

const BUNDLE: &str = include_str!("bundle.txt");
const SERVICE: &str = include_str!("service.txt");

fn lines() -> impl Iterator<Item = &'static str> {
    SERVICE.lines().chain(BUNDLE.lines()).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn what_is_packed_is_the_text() {
    assert_eq!(table::text().lines().collect::<Vec<_>>(), lines().collect::<Vec<_>>());
}

/// Each name in the table is a type of the table.
#[test]
fn the_table_is_whole() {
    let table = Fields::get();
    for line in lines().filter(|line| !line.contains(" = ")) {
        for word in line.split_ascii_whitespace().skip(1) {
            let name = match word.strip_prefix('+') {
                Some(name) => name,
                None => match word.split_once(':') {
                    Some((_, kind)) => kind.trim_matches(['[', ']', '{', '}']),
                    None => continue,
                },
            };
            assert!("sbifx".contains(name) || table.types.contains_key(name), "{name} in {line:.60}");
        }
    }
    assert_eq!(table.resource_kinds().count(), 33);
}

#[test]
fn fields_are_found_by_their_way() {
    let table = Fields::get();
    let kind = |way: &str| way.split('.').try_fold(FieldKind::ROOT, |kind, key| table.below(kind, key));
    for (way, expect) in [
        ("resources.jobs.x.tasks.0.notebook_task.notebook_path", Some("s")),
        ("resources.jobs.x.tasks.0.for_each_task.task.task_key", Some("s")),
        ("resources.jobs.x.job_clusters.0.new_cluster.num_workers", Some("i")),
        ("resources.pipelines.x.libraries.0.glob.include", Some("s")),
        ("resources.jobs.x.tags.a", Some("s")),
        ("resources.jobs.x.format", None),
        ("resources.jobs.x.schedule.timezone_id", Some("s")),
        ("resources.nothing.x", None),
        ("bundle.git.branch", Some("s")),
        ("variables.x.default.whatever.else", Some("x")),
    ] {
        assert_eq!(kind(way).map(|kind| kind.0), expect, "{way}");
    }
    let paused = kind("resources.jobs.x.schedule.pause_status").unwrap();
    assert!(matches!(table.shape(paused), Shape::Enum(["PAUSED", "UNPAUSED"])));
    let job = table.resource("jobs").unwrap();
    assert!(table.names(job).contains(&"tasks"));
}
