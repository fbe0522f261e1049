use bricklayer_domain::PluginName;
use tokio_util::sync::CancellationToken;

use super::*;

/// A tool whose definition takes about half a kilobyte.
fn spec(source: ToolSource, name: &str, says: &str, core: bool) -> Arc<ToolSpec> {
    Arc::new(ToolSpec {
        name: ToolName(name.to_owned()),
        source,
        description: format!("{says} {}", ".".repeat(400)),
        input_schema: json!({"type": "object", "properties": {"of": {"type": "string"}}}),
        output_schema: None,
        annotations: ToolAnnotations { core, ..ToolAnnotations::reads() },
        display: ToolDisplay::default(),
        resources: Default::default(),
    })
}

fn plugin(name: &str) -> ToolSource {
    ToolSource::Plugin { plugin: PluginName::parse(name).unwrap() }
}

/// The host's own, a family with a core, and many others.
fn many() -> Vec<Arc<ToolSpec>> {
    let mut tools = vec![spec(ToolSource::BuiltIn, "Read", "Reads a file.", true)];
    tools.push(spec(plugin("databricks-sql"), "mcp__databricks__execute_sql", "Runs SQL.", true));
    for (name, says) in [
        ("mcp__databricks__run_job", "Starts a run of a job."),
        ("mcp__databricks__list_jobs", "Lists what is scheduled."),
        ("mcp__databricks__upload_folder", "Copies files to the workspace, for a job, say."),
    ] {
        tools.push(spec(plugin("databricks-jobs"), name, says, false));
    }
    tools.extend((0..80).map(|n| spec(plugin("other"), &format!("mcp__other__thing_{n}"), "Does a thing.", false)));
    tools
}

fn names<'a>(tools: impl IntoIterator<Item = &'a Arc<ToolSpec>>) -> Vec<&'a str> {
    tools.into_iter().map(|spec| spec.name.0.as_str()).collect()
}

async fn search(offer: &Offer, input: Value) -> ToolOutcome {
    let call = offer.call(&SEARCH, &input).unwrap();
    call.run(CallLink::new(CancellationToken::new())).await
}

#[test]
fn few_tools_are_told_at_once() {
    let offer = Offer::of(&many()[..20], &ToolChoice::default());
    assert!(!offer.finds() && !offer.is_found("mcp__databricks__run_job"));
    assert!(offer.call(&SEARCH, &json!({"query": "job"})).is_none());
}

#[test]
fn of_many_the_hosts_own_and_the_core_are_told_and_the_others_are_named() {
    let tools = many();
    let offer = Offer::of(&tools, &ToolChoice::default());
    let told = tools.iter().filter(|spec| !offer.is_found(&spec.name.0));
    assert_eq!(names(told.clone()), ["Read", "mcp__databricks__execute_sql"]);
    let search = offer.search().unwrap();
    assert!(search.description.contains("- databricks-jobs: mcp__databricks__run_job, mcp__databricks__list_jobs"));
    let bytes = told.map(|spec| definition_bytes(spec)).sum::<usize>() + definition_bytes(search);
    assert!(bytes <= MAX_SHOWN_BYTES, "{bytes}");
}

#[test]
fn whoever_calls_everything_the_core_fills_no_more_than_there_is_room() {
    let tools: Vec<_> = (0..200).map(|n| spec(plugin("all"), &format!("mcp__all__thing_{n}"), "A.", true)).collect();
    let offer = Offer::of(&tools, &ToolChoice::default());
    let told = tools.iter().filter(|spec| !offer.is_found(&spec.name.0));
    let bytes = told.map(|spec| definition_bytes(spec)).sum::<usize>() + definition_bytes(offer.search().unwrap());
    assert!((MAX_SHOWN_BYTES / 2..=MAX_SHOWN_BYTES).contains(&bytes), "{bytes}");
}

#[test]
fn too_many_names_are_counted() {
    let tools: Vec<_> = (0..1000).map(|n| spec(plugin("all"), &format!("mcp__all__thing_{n}"), "A.", false)).collect();
    let search = definition_bytes(Offer::of(&tools, &ToolChoice::default()).search().unwrap());
    assert!(search < OVERHEAD_BYTES, "{search}");
}

#[tokio::test]
async fn a_search_finds_by_names_words_and_their_beginnings() {
    let offer = Offer::of(&many(), &ToolChoice::default());
    for (query, first) in [
        ("run a job", "mcp__databricks__run_job"),
        ("jobs", "mcp__databricks__run_job"),
        ("list of jobs", "mcp__databricks__list_jobs"),
        ("uploading files", "mcp__databricks__upload_folder"),
        ("list_jobs", "mcp__databricks__list_jobs"),
        ("mcp__other__thing_7", "mcp__other__thing_7"),
    ] {
        let found = search(&offer, json!({"query": query})).await.content;
        // Of equals the first of the list: what matters is that the wanted one is among those told.
        assert!(found.contains(&format!("## {first}\n")), "{query}: {found}");
        assert!(
            found.contains(&format!("Arguments (JSON Schema): {}\n", offer.found.tools[0].input_schema)),
            "{found}"
        );
    }
}

#[tokio::test]
async fn what_is_not_told_is_named() {
    let offer = Offer::of(&many(), &ToolChoice::default());
    let found = search(&offer, json!({"query": "thing", "limit": 2})).await.content;
    assert_eq!(found.matches("## ").count(), 2, "{found}");
    assert!(found.contains("Found as well, search for their names to see them: mcp__other__thing_2"), "{found}");
    assert!(search(&offer, json!({"query": "zebra"})).await.content.starts_with("No tool has to do with"));
}

#[tokio::test]
async fn bad_arguments_name_their_field() {
    let offer = Offer::of(&many(), &ToolChoice::default());
    for (input, field) in [
        (json!({}), "query: "),
        (json!({"query": " ,"}), "query: "),
        (json!({"query": 7}), "query: "),
        (json!({"query": "job", "limit": 0}), "limit: "),
        (json!({"query": "job", "limit": 21}), "limit: "),
        (json!({"query": "job", "limit": "two"}), "limit: "),
    ] {
        let outcome = search(&offer, input.clone()).await;
        assert_eq!(outcome.failure.as_ref().map(|failure| failure.kind), Some(ToolErrorKind::InvalidInput), "{input}");
        assert!(outcome.content.starts_with(field), "{input}: {}", outcome.content);
    }
}

#[test]
fn what_a_project_pinned_is_told_at_once() {
    let tools = many();
    let pinned = |names: &[&str]| ToolChoice {
        pinned: names.iter().map(|name| (*name).to_owned()).collect(),
        ..ToolChoice::default()
    };
    let offer = Offer::of(&tools, &pinned(&["mcp__databricks__list_jobs"]));
    let told = |offer: &Offer| {
        let told = tools.iter().filter(|spec| !offer.is_found(&spec.name.0));
        names(told).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&offer), ["Read", "mcp__databricks__execute_sql", "mcp__databricks__list_jobs"]);
    assert_eq!(told(&Offer::of(&tools, &pinned(&["databricks-jobs"]))).len(), 5);
    // A pin does not break the bound.
    let all = told(&Offer::of(&tools, &pinned(&["other"])));
    let bytes =
        tools.iter().filter(|spec| all.contains(&spec.name.0)).map(|spec| definition_bytes(spec)).sum::<usize>();
    assert!((MAX_SHOWN_BYTES / 2..=MAX_SHOWN_BYTES).contains(&bytes), "{bytes}");
}

#[test]
fn an_offer_is_made_once_for_a_list_and_a_choice() {
    let (offers, none) = (Offers::default(), Arc::<ToolChoice>::default());
    let tools = many();
    let list = || -> ToolList { tools.iter().map(Arc::clone).collect() };
    let first = offers.of(&list(), &none);
    assert!(Arc::ptr_eq(&first.found, &offers.of(&list(), &none).found));
    let pins = ToolChoice { pinned: ["other".to_owned()].into(), ..ToolChoice::default() };
    assert!(!Arc::ptr_eq(&first.found, &offers.of(&list(), &Arc::new(pins)).found));
    let fewer: ToolList = tools.iter().skip(1).map(Arc::clone).collect();
    assert!(!Arc::ptr_eq(&first.found, &offers.of(&fewer, &none).found));
    for n in 0..MAX_KEPT_OFFERS {
        let choice = ToolChoice { hidden: [n.to_string()].into(), ..ToolChoice::default() };
        offers.of(&list(), &Arc::new(choice));
    }
    assert!(!Arc::ptr_eq(&first.found, &offers.of(&list(), &none).found));
}
