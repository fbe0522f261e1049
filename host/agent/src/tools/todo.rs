//! TodoWrite: the agent's own list of what is to be done, for itself and for whoever watches. Each call gives the whole
//! list, and the log keeps it: there is no other place for it.

use bricklayer_domain::ToolOutcome;
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};

/// Things on one list; a longer one is no list that anybody follows.
const MAX_TODOS: usize = 100;

/// Characters of one thing.
const MAX_TODO_CHARS: usize = 500;

const STATES: [&str; 3] = ["pending", "in_progress", "completed"];

pub(super) fn describe() -> (String, Value) {
    let description = "Keeps the list of what is to be done, which the user sees beside the conversation. Use it for \
        work of three or more steps: write the list first, keep one thing in progress, and mark each as completed as \
        soon as it is. Each call replaces the whole list.";
    let text = |description: &str| json!({"type": "string", "description": description});
    let schema = json!({
        "type": "object",
        "properties": {
            "todos": {
                "type": "array", "maxItems": MAX_TODOS,
                "items": {
                    "type": "object",
                    "properties": {
                        "content": text("What is to be done: `Load the orders`."),
                        "status": {"type": "string", "enum": STATES},
                        "activeForm": text("The same while it is done: `Loading the orders`.")
                    },
                    "required": ["content", "status", "activeForm"], "additionalProperties": false
                },
                "description": "All of the list, in its order."
            }
        },
        "required": ["todos"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

pub(super) fn run(input: &Value) -> ToolResult {
    let args = Args::parse(input, &["todos"])?;
    args.needed("todos")?;
    let todos = args.list("todos")?;
    if todos.len() > MAX_TODOS {
        return Err(invalid(format!("`todos` has {} things; a list has at most {MAX_TODOS}", todos.len())));
    }
    let mut kept = Vec::with_capacity(todos.len());
    for (index, todo) in todos.iter().enumerate() {
        let path = format!("todos.{index}");
        let todo = Args::within(&path, todo, &["content", "status", "activeForm"])?;
        let text = |field: &str| {
            let text = todo.str(field).map_err(|_| invalid(format!("`{path}.{field}` must be a string")))?;
            if text.trim().is_empty() || text.chars().count() > MAX_TODO_CHARS {
                return Err(invalid(format!("`{path}.{field}` must have 1 to {MAX_TODO_CHARS} characters")));
            }
            Ok(text.to_owned())
        };
        let status = todo.opt_str("status")?.filter(|status| STATES.contains(status));
        let status = status.ok_or_else(|| invalid(format!("`{path}.status` must be {}", STATES.join(", "))))?;
        kept.push(json!({"content": text("content")?, "status": status, "activeForm": text("activeForm")?}));
    }
    let count = |status: &str| kept.iter().filter(|todo| todo["status"] == *status).count();
    let content = format!(
        "The list is kept: {} of {} completed, {} in progress.",
        count("completed"),
        kept.len(),
        count("in_progress")
    );
    Ok(ToolOutcome { content, structured: Some(json!({"todos": kept})), ..ToolOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(todos: Value, why: &str) {
        let failure = run(&json!({"todos": todos})).unwrap_err();
        assert!(failure.message.contains(why), "{}", failure.message);
    }

    #[test]
    fn the_whole_list_is_kept_or_none_of_it() {
        let todo = |status: &str| json!({"content": "Load", "status": status, "activeForm": "Loading"});
        let list = json!({"todos": [todo("completed"), todo("in_progress"), todo("pending")]});
        let outcome = run(&list).unwrap();
        assert_eq!(outcome.content, "The list is kept: 1 of 3 completed, 1 in progress.");
        assert_eq!(outcome.structured.unwrap(), list);
        assert!(run(&json!({"todos": []})).is_ok(), "an empty list is a list");
        refused(json!([todo("done")]), "`todos.0.status` must be pending, in_progress, completed");
        refused(
            json!([todo("pending"), {"content": " ", "status": "pending", "activeForm": "x"}]),
            "`todos.1.content`",
        );
        refused(json!(vec![todo("pending"); 101]), "has 101 things");
        refused(
            json!([{"content": "x", "status": "pending", "activeForm": "x", "id": 1}]),
            "unknown field `todos.0.id`",
        );
        assert!(run(&json!({})).unwrap_err().message.contains("`todos` is missing"));
    }
}
