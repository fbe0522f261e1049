//! Tools that a model is not told of at once: found, called, and shown as their own.

use serde_json::{Value, json};

use crate::support::{Reply, World};

/// What a request's definitions take, and their names.
fn definitions(request: &Value) -> (usize, Vec<&str>) {
    let tools = request["tools"].as_array().unwrap();
    let names = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    (serde_json::to_vec(tools).unwrap().len(), names)
}

#[tokio::test]
async fn a_model_is_told_of_few_tools_and_finds_the_others() {
    let world = World::sqlite().await;
    let call = json!({"name": "mcp__databricks__list_warehouses", "arguments": {}});
    let replies = vec![
        Reply::tool("call_1", "search_tools", json!({"query": "which SQL warehouses are there"})),
        Reply::tool("call_2", "call_tool", call.clone()),
        Reply::text("there they are"),
    ];
    world.model.script("look", replies);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "look").await;
    let frames = ann.frames(&execution).await;
    let called: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_use").map(|frame| &frame.data).collect();
    assert_eq!(called[0]["tool_name"], "search_tools", "{frames:?}");
    assert_eq!(called[1]["tool_name"], "mcp__databricks__list_warehouses", "{frames:?}");
    assert_eq!((&called[1]["tool_input"], &called[1]["title"]), (&json!({}), &json!("List SQL warehouses")));
    let results: Vec<_> =
        frames.iter().filter(|frame| frame.kind() == "tool_result").map(|frame| &frame.data).collect();
    assert!(results.iter().all(|result| result["is_error"] == false), "{results:?}");
    let found = results[0]["content"].as_str().unwrap();
    assert!(found.contains("## mcp__databricks__list_warehouses\n"), "{found}");

    let requests = world.model.requests();
    let (bytes, names) = definitions(&requests[0]);
    println!("{} definitions, {bytes} bytes: {names:?}", names.len());
    // The API's own spelling around them is a few hundred bytes.
    assert!(bytes <= 21 * 1024, "{bytes} bytes: {names:?}");
    for told in ["Read", "mcp__databricks__execute_sql", "search_tools", "call_tool"] {
        assert!(names.contains(&told), "{names:?}");
    }
    assert!(!names.contains(&"mcp__databricks__list_warehouses"), "{names:?}");
    // What was found changes nothing at the beginning, and the call is told as the model made it.
    let last = requests.last().unwrap();
    assert_eq!(last["tools"], requests[0]["tools"]);
    let messages = last["messages"].as_array().unwrap();
    let uses: Vec<_> = messages
        .iter()
        .flat_map(|message| message["content"].as_array().unwrap())
        .filter(|part| part["type"] == "tool_use")
        .collect();
    assert_eq!((&uses[1]["name"], &uses[1]["input"]), (&json!("call_tool"), &call));
    server.stop().await;
}
