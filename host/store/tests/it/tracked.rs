use std::time::Duration;

use bricklayer_domain::{
    CallSite, Caller, CleanUp, ContinuingCall, LaneId, MAX_RULES, MadeResource, OperationId, OperationOrigin,
    OperationState, PermissionRule, PluginName, ProjectPermissions, RenamedResource, ResourceType, RuleKind,
    ToolChoice, ToolName, TrackedResourceId, TurnId,
};
use bricklayer_store::{
    MAX_CHOSEN_NAME_BYTES, MAX_CHOSEN_TOOLS, MAX_ENABLED_SKILLS, MAX_OPERATIONS, MAX_OUTCOME_BYTES, MAX_RESOURCES,
    MAX_SKILL_NAME_BYTES, PageRequest, ProjectSkills, StoreError,
};
use serde_json::json;

use crate::harness::{Scene, World, assert_refused, call, on_both_engines, user};

on_both_engines!(
    resources_are_listed_until_they_are_deleted,
    the_list_of_resources_is_bounded,
    operations_keep_their_handle_and_end_once,
    operations_are_bounded_and_make_room,
    a_projects_choice_of_tools_is_its_own_and_bounded,
    a_projects_rules_are_its_own_and_bounded,
    a_projects_skills_are_its_own_and_bounded,
    what_is_tracked_is_of_one_user_and_goes_with_the_project,
);

fn kind(word: &str) -> ResourceType {
    ResourceType::parse(word).unwrap()
}

fn made(id: &str) -> MadeResource {
    MadeResource {
        kind: kind("job"),
        id: id.into(),
        name: format!("job {id}"),
        link: Some(format!("https://w.example/jobs/{id}")),
        is_whole: true,
    }
}

fn caller(scene: &Scene) -> Caller {
    let site = CallSite::Turn { conversation: scene.conversation.id, turn: TurnId::new(), lane: LaneId::MAIN };
    Caller { tool_call: Some(call("c1")), ..Caller::new(scene.user.clone(), scene.project.id, site) }
}

fn tool() -> ToolName {
    ToolName("mcp__databricks__create_job".into())
}

fn origin(scene: &Scene) -> OperationOrigin {
    OperationOrigin {
        user: scene.user.clone(),
        project: scene.project.id,
        plugin: PluginName::parse("databricks-jobs").unwrap(),
        tool: ToolName("mcp__databricks__run_job".into()),
        conversation: Some(scene.conversation.id),
        turn: None,
        call: Some(call("c1")),
    }
}

fn waits_for(run: u64, clean_up: &[&str]) -> ContinuingCall {
    let request = |path: &&str| CleanUp { method: "POST".into(), path: (*path).to_owned(), body: None };
    ContinuingCall {
        name: ToolName("mcp__databricks__wait_for_run".into()),
        input: json!({"run_id": run}),
        clean_up: clean_up.iter().map(request).collect(),
    }
}

async fn resources_are_listed_until_they_are_deleted(world: World) {
    let scene = world.scene().await;
    let (store, ann, here, by) = (&scene.store, &scene.user, scene.project.id, caller(&scene));
    for id in ["1", "2", "3"] {
        store.track_resource(&by, &tool(), &made(id)).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    let first = store.list_resources(ann, here, PageRequest { after: None, limit: 2 }).await.unwrap();
    let ids = |items: &[bricklayer_domain::TrackedResource]| -> Vec<String> {
        items.iter().map(|resource| resource.made.id.clone()).collect()
    };
    assert_eq!(ids(&first.items), ["3", "2"]);
    let rest = store.list_resources(ann, here, PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!((ids(&rest.items), rest.next), (vec!["1".to_owned()], None));
    let one = &rest.items[0];
    assert_eq!((&one.made, &one.tool, one.call.clone()), (&made("1"), &tool(), Some(call("c1"))));
    assert_eq!((one.conversation, one.turn), (Some(scene.conversation.id), by.site.turn()));
    // Made again: the same line, with the newest words.
    let again = MadeResource { name: "renamed".into(), link: None, is_whole: false, ..made("1") };
    store.track_resource(&by, &tool(), &again).await.unwrap();
    assert_eq!(store.get_resource(ann, here, one.id).await.unwrap().made, again);
    // Renamed: the same line by the same call, under its new id where it has one.
    let renamed = |id: &str, to: &str, link: Option<&str>| RenamedResource {
        kind: kind("job"),
        id: id.into(),
        to: to.into(),
        name: "its new name".into(),
        link: link.map(str::to_owned),
    };
    assert!(store.rename_resource(ann, here, &renamed("3", "3", None)).await.unwrap());
    assert!(store.rename_resource(ann, here, &renamed("1", "one", Some("https://w.example/one"))).await.unwrap());
    let found = store.get_resource(ann, here, one.id).await.unwrap();
    assert_eq!((&*found.made.id, &*found.made.name), ("one", "its new name"));
    assert_eq!((found.made.link.as_deref(), &found.tool), (Some("https://w.example/one"), &tool()));
    let third = store.get_resource(ann, here, first.items[0].id).await.unwrap();
    assert_eq!((&*third.made.name, third.made.link), ("its new name", made("3").link));
    for (absent, to) in [("1", "2"), ("nosuch", "nosuch")] {
        assert!(!store.rename_resource(ann, here, &renamed(absent, to, None)).await.unwrap(), "{absent}");
    }
    assert_eq!(store.get_resource(ann, here, first.items[1].id).await.unwrap().made, made("2"));
    assert!(!store.rename_resource(&user("bob@example.com"), here, &renamed("one", "x", None)).await.unwrap());
    // What stood there under the new id is gone.
    assert!(store.rename_resource(ann, here, &renamed("one", "2", None)).await.unwrap());
    let left = store.list_resources(ann, here, PageRequest::default()).await.unwrap();
    assert_eq!(ids(&left.items), ["3", "2"]);
    assert!(store.rename_resource(ann, here, &renamed("2", "1", None)).await.unwrap());
    assert!(!store.untrack_resource(ann, here, &kind("pipeline"), "1").await.unwrap());
    assert!(store.untrack_resource(ann, here, &kind("job"), "1").await.unwrap());
    assert!(!store.untrack_resource(ann, here, &kind("job"), "1").await.unwrap());
    assert_refused!(store.get_resource(ann, here, one.id).await, StoreError::NotFound("resource"));
    store.forget_resource(ann, here, first.items[0].id).await.unwrap();
    assert_refused!(store.forget_resource(ann, here, first.items[0].id).await, StoreError::NotFound("resource"));
    assert!(store.list_resources(ann, here, PageRequest::default()).await.unwrap().items.is_empty());
}

async fn the_list_of_resources_is_bounded(world: World) {
    let scene = world.scene().await;
    let (store, by) = (&scene.store, caller(&scene));
    store.track_resource(&by, &tool(), &made("1")).await.unwrap();
    let filler = format!(
        "insert into resources (id, project_id, kind, resource_id, name, whole, tool, created_at)
        with recursive n (i) as (select 1 union all select i + 1 from n where i < {})
        select {id}, project_id, kind, 'x' || i, name, whole, tool, created_at from n, resources where resource_id = '1'",
        MAX_RESOURCES - 1,
        id = if matches!(world.url, bricklayer_store::StoreUrl::Sqlite(_)) { "randomblob(16)" } else { "gen_random_uuid()" },
    );
    assert_eq!(world.raw(&filler).await, u64::from(MAX_RESOURCES) - 1);
    assert_refused!(
        store.track_resource(&by, &tool(), &made("2")).await,
        StoreError::TooMany { what: "resources", limit: MAX_RESOURCES }
    );
    // One that stands there is no further one.
    store.track_resource(&by, &tool(), &made("1")).await.unwrap();
}

async fn operations_keep_their_handle_and_end_once(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let ends = waits_for(7, &["/api/2.2/jobs/runs/cancel"]);
    let id = store.keep_operation(&origin(&scene), &ends).await.unwrap();
    // Who waits for it hands it back again: the same operation, which is still ended by the first one's request.
    let waiter = OperationOrigin { tool: ends.name.clone(), turn: Some(TurnId::new()), ..origin(&scene) };
    assert_eq!(store.keep_operation(&waiter, &waits_for(7, &[])).await.unwrap(), id);
    let kept = store.get_operation(ann, here, id).await.unwrap();
    assert_eq!((&kept.origin, &kept.continued_by), (&origin(&scene), &ends));
    assert_eq!((kept.state, kept.outcome), (OperationState::Running, None));
    let other = store.keep_operation(&origin(&scene), &waits_for(8, &[])).await.unwrap();
    let listed = store.list_operations(ann, here, 10).await.unwrap();
    assert_eq!(listed.iter().map(|operation| operation.id).collect::<Vec<_>>(), [other, id]);
    let said = "é".repeat(MAX_OUTCOME_BYTES);
    store.settle_operation(ann, here, id, OperationState::Failed, &said).await.unwrap();
    let ended = store.get_operation(ann, here, id).await.unwrap();
    assert_eq!(ended.state, OperationState::Failed);
    assert_eq!(ended.outcome.map(|text| text.len()), Some(MAX_OUTCOME_BYTES));
    // A store that is opened later knows them.
    let later = world.store().await;
    assert_eq!(later.list_operations(ann, here, 10).await.unwrap().len(), 2);
}

async fn operations_are_bounded_and_make_room(world: World) {
    let scene = world.scene().await;
    let (store, ann, here, from) = (&scene.store, &scene.user, scene.project.id, origin(&scene));
    let first = store.keep_operation(&from, &waits_for(0, &[])).await.unwrap();
    for run in 1..u64::from(MAX_OPERATIONS) {
        store.keep_operation(&from, &waits_for(run, &[])).await.unwrap();
    }
    assert_refused!(
        store.keep_operation(&from, &waits_for(9999, &[])).await,
        StoreError::TooMany { what: "operations", limit: MAX_OPERATIONS }
    );
    store.settle_operation(ann, here, first, OperationState::Succeeded, "done").await.unwrap();
    world.clock.advance(Duration::from_secs(8 * 24 * 3600));
    store.keep_operation(&from, &waits_for(9999, &[])).await.unwrap();
    assert_refused!(store.get_operation(ann, here, first).await, StoreError::NotFound("operation"));
    world.clock.advance(Duration::from_secs(31 * 24 * 3600));
    store.keep_operation(&from, &waits_for(10_000, &[])).await.unwrap();
    assert_eq!(store.list_operations(ann, here, MAX_OPERATIONS).await.unwrap().len(), 1);
}

async fn a_projects_choice_of_tools_is_its_own_and_bounded(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let choice = |pinned: &[&str], hidden: &[&str]| ToolChoice {
        pinned: pinned.iter().map(|name| (*name).to_owned()).collect(),
        hidden: hidden.iter().map(|name| (*name).to_owned()).collect(),
    };
    assert_eq!(store.tool_choice(ann, here).await.unwrap(), ToolChoice::default());
    store.set_tool_choice(ann, here, &choice(&["a", "b"], &["b", "c"])).await.unwrap();
    assert_eq!(store.tool_choice(ann, here).await.unwrap(), choice(&["a"], &["b", "c"]));
    store.set_tool_choice(ann, here, &choice(&["c"], &[])).await.unwrap();
    assert_eq!(store.tool_choice(ann, here).await.unwrap(), choice(&["c"], &[]));
    let long = "x".repeat(MAX_CHOSEN_NAME_BYTES + 1);
    for name in ["", &long] {
        assert_refused!(store.set_tool_choice(ann, here, &choice(&[name], &[])).await, StoreError::TooLarge { .. });
    }
    let many: Vec<String> = (0..=MAX_CHOSEN_TOOLS).map(|n| n.to_string()).collect();
    let many = ToolChoice { hidden: many.into_iter().collect(), ..ToolChoice::default() };
    assert_refused!(store.set_tool_choice(ann, here, &many).await, StoreError::TooLarge { .. });
    let eve = user("eve@example.com");
    assert_refused!(store.set_tool_choice(&eve, here, &choice(&["a"], &[])).await, StoreError::NotFound("project"));
    assert_eq!(store.tool_choice(&eve, here).await.unwrap(), ToolChoice::default());
    assert_eq!(store.tool_choice(ann, here).await.unwrap(), choice(&["c"], &[]));
}

async fn a_projects_rules_are_its_own_and_bounded(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let permissions = |denied: &[&str], asked: &[&str], second_look: bool| {
        let mut permissions = ProjectPermissions { second_look, ..ProjectPermissions::default() };
        for (kind, texts) in [(RuleKind::Deny, denied), (RuleKind::Ask, asked)] {
            let rules = texts.iter().map(|text| PermissionRule::parse(kind, text).unwrap());
            permissions.rules.of_mut(kind).extend(rules);
        }
        permissions
    };
    assert_eq!(store.project_permissions(ann, here).await.unwrap(), ProjectPermissions::default());
    for said in [permissions(&["b", "a(x)"], &["c"], false), permissions(&["d"], &[], true)] {
        store.set_project_permissions(ann, here, &said).await.unwrap();
        assert_eq!(store.project_permissions(ann, here).await.unwrap(), said);
    }
    let many = vec!["x"; MAX_RULES + 1];
    let many = permissions(&many, &[], true);
    assert_refused!(store.set_project_permissions(ann, here, &many).await, StoreError::TooLarge { .. });
    let eve = user("eve@example.com");
    let said = permissions(&[], &[], false);
    assert_refused!(store.set_project_permissions(&eve, here, &said).await, StoreError::NotFound("project"));
    assert_eq!(store.project_permissions(&eve, here).await.unwrap(), ProjectPermissions::default());
    assert_eq!(store.project_permissions(ann, here).await.unwrap(), permissions(&["d"], &[], true));
}

async fn a_projects_skills_are_its_own_and_bounded(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let skills = |enabled: Option<&[&str]>, copies: &[(&str, &str)]| ProjectSkills {
        enabled: enabled.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        copies: copies.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect(),
    };
    assert_eq!(store.project_skills(ann, here).await.unwrap(), ProjectSkills::default());
    for chosen in [skills(Some(&[]), &[]), skills(None, &[("a", "0f")]), skills(Some(&["a", "\"b"]), &[("c", "")])] {
        store.set_project_skills(ann, here, &chosen).await.unwrap();
        assert_eq!(store.project_skills(ann, here).await.unwrap(), chosen);
    }
    let long = "x".repeat(MAX_SKILL_NAME_BYTES + 1);
    for wrong in [skills(Some(&[&long]), &[]), skills(Some(&[""]), &[]), skills(None, &[(&long, "0f")])] {
        assert_refused!(store.set_project_skills(ann, here, &wrong).await, StoreError::TooLarge { .. });
    }
    let many: Vec<String> = (0..=MAX_ENABLED_SKILLS).map(|n| n.to_string()).collect();
    let many = ProjectSkills { enabled: Some(many.into_iter().collect()), ..ProjectSkills::default() };
    assert_refused!(store.set_project_skills(ann, here, &many).await, StoreError::TooLarge { .. });
    let eve = user("eve@example.com");
    let none = ProjectSkills::default();
    assert_refused!(store.set_project_skills(&eve, here, &none).await, StoreError::NotFound("project"));
    assert_eq!(store.project_skills(&eve, here).await.unwrap(), none);
    assert_eq!(store.project_skills(ann, here).await.unwrap().copies.len(), 1);
}

async fn what_is_tracked_is_of_one_user_and_goes_with_the_project(world: World) {
    let scene = world.scene().await;
    let (store, ann, here, by) = (&scene.store, &scene.user, scene.project.id, caller(&scene));
    store.track_resource(&by, &tool(), &made("1")).await.unwrap();
    let id = store.keep_operation(&origin(&scene), &waits_for(7, &[])).await.unwrap();
    let resource = store.list_resources(ann, here, PageRequest::default()).await.unwrap().items[0].id;
    let eve = user("eve@example.com");
    let hers = store.create_project(&eve, &crate::harness::title("hers")).await.unwrap().id;
    for project in [here, hers] {
        let page = store.list_resources(&eve, project, PageRequest::default()).await;
        assert!(page.is_err() == (project == here), "{page:?}");
        assert_refused!(store.get_resource(&eve, project, resource).await, StoreError::NotFound("resource"));
        assert_refused!(store.forget_resource(&eve, project, resource).await, StoreError::NotFound("resource"));
        assert!(!store.untrack_resource(&eve, project, &kind("job"), "1").await.unwrap());
        assert_refused!(store.get_operation(&eve, project, id).await, StoreError::NotFound("operation"));
        assert!(store.list_operations(&eve, project, 10).await.unwrap().is_empty());
        let settled = store.settle_operation(&eve, project, id, OperationState::Failed, "x").await;
        assert_refused!(settled, StoreError::NotFound("operation"));
    }
    let as_eve = Caller { user: eve.clone(), ..by.clone() };
    assert_refused!(store.track_resource(&as_eve, &tool(), &made("2")).await, StoreError::NotFound("project"));
    let from_eve = OperationOrigin { user: eve, ..origin(&scene) };
    assert_refused!(store.keep_operation(&from_eve, &waits_for(8, &[])).await, StoreError::NotFound("project"));
    assert_eq!(store.get_operation(ann, here, id).await.unwrap().state, OperationState::Running);
    for unknown in [TrackedResourceId::new()] {
        assert_refused!(store.get_resource(ann, here, unknown).await, StoreError::NotFound("resource"));
    }
    assert_refused!(store.get_operation(ann, here, OperationId::new()).await, StoreError::NotFound("operation"));
    store.delete_project(ann, here).await.unwrap();
    assert_refused!(store.get_operation(ann, here, id).await, StoreError::NotFound("operation"));
    assert_refused!(store.track_resource(&by, &tool(), &made("3")).await, StoreError::NotFound("project"));
}
