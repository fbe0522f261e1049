//! Messages that are said at an earlier place of a conversation: what came before is kept, and so is what it replaces.

use serde_json::{Value, json};

use crate::support::{Api, Engine, Reply, World, both_engines};

struct Talk<'a> {
    api: &'a Api,
    project: String,
    conversation: String,
}

impl Talk<'_> {
    fn path(&self) -> String {
        format!("/api/projects/{}/conversations/{}", self.project, self.conversation)
    }

    fn body(&self, message: &str, place: &[(&str, &str)]) -> Value {
        let mut body = json!({"project_id": self.project, "conversation_id": self.conversation, "message": message});
        for (field, id) in place {
            body[field] = json!(id);
        }
        body
    }

    /// Says something at a place and waits for its end; the turn.
    async fn say(&self, message: &str, place: &[(&str, &str)]) -> String {
        let begun = self.api.post("/api/invoke_agent", self.body(message, place)).await;
        let turn = begun.ok()["execution_id"].as_str().unwrap().to_owned();
        let frames = self.api.frames(&turn).await;
        assert_eq!(frames.iter().filter(|frame| frame.kind() == "stream.completed").count(), 1, "{frames:?}");
        turn
    }

    /// What a version shows: the messages of the user, and the answer.
    async fn shown(&self, query: &str) -> (Vec<String>, Value) {
        let detail = self.api.get(&format!("{}{query}", self.path())).await.ok();
        let messages = detail["messages"].as_array().unwrap().iter();
        let of_user = messages.filter(|message| message["role"] == "user");
        (of_user.map(|message| message["content"].as_str().unwrap().to_owned()).collect(), detail)
    }
}

/// The user's messages and the model's answers as the model was given them last.
fn given(world: &World) -> Vec<String> {
    let request = world.model.requests().pop().unwrap();
    let text = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        blocks => blocks.as_array().unwrap().iter().filter_map(|block| block["text"].as_str()).collect(),
    };
    request["messages"].as_array().unwrap().iter().map(text).collect()
}

#[test]
fn an_edited_message_takes_the_place_of_another() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        for message in ["first", "second", "third", "otherwise", "anew", "more"] {
            world.model.script(message, vec![Reply::text(&format!("on {message}"))]);
        }
        let server = world.serve().await;
        let (ann, eve) = (server.as_user("ann"), server.as_user("eve"));
        let project = ann.project("One").await;
        let (first, conversation) = ann.ask(&project, "first").await;
        ann.frames(&first).await;
        let talk = Talk { api: &ann, project, conversation };
        let second = talk.say("second", &[]).await;
        talk.say("third", &[]).await;
        let (messages, main) = talk.shown("").await;
        assert_eq!((messages.len(), &main["versions"]), (3, &json!([])));

        let edited = talk.say("otherwise", &[("instead_of", &second)]).await;
        let asked = given(&world);
        assert!(asked.iter().any(|text| text.contains("on first")), "{asked:?}");
        assert!(!asked.iter().any(|text| text.contains("second") || text.contains("third")), "{asked:?}");
        let (messages, detail) = talk.shown("").await;
        assert_eq!(messages, ["first", "otherwise"]);
        let of = |turn: &str, lane: &Value| json!({"execution_id": turn, "lane_id": lane});
        let (main, lane) = (main["lane_id"].clone(), detail["lane_id"].clone());
        let both = json!([of(&second, &main), of(&edited, &lane)]);
        assert_eq!(detail["versions"], json!([{"execution_id": edited, "versions": both}]));
        let (messages, detail) = talk.shown(&format!("?lane_id={}", main.as_str().unwrap())).await;
        assert_eq!(messages, ["first", "second", "third"]);
        assert_eq!(detail["versions"], json!([{"execution_id": second, "versions": both}]));

        // It goes on where it went on last; another answer is one more version; and in a version that one chooses.
        talk.say("more", &[]).await;
        assert_eq!(talk.shown("").await.0, ["first", "otherwise", "more"]);
        let again = talk.say("otherwise", &[("instead_of", &edited)]).await;
        let (messages, detail) = talk.shown("").await;
        assert_eq!(
            (messages, &detail["versions"][0]["execution_id"]),
            (vec!["first".to_owned(), "otherwise".to_owned()], &json!(again))
        );
        assert_eq!(detail["versions"][0]["versions"].as_array().unwrap().len(), 3);
        talk.say("more", &[("lane_id", main.as_str().unwrap())]).await;
        assert_eq!(talk.shown("").await.0, ["first", "second", "third", "more"]);
        talk.say("anew", &[("after", &second)]).await;
        assert_eq!(talk.shown("").await.0, ["first", "second", "anew"]);
        talk.say("anew", &[("instead_of", &first)]).await;
        assert_eq!(talk.shown("").await.0, ["anew"]);
        // In pages, each of a version.
        let (newest, detail) = talk.shown(&format!("?turns=1&lane_id={}", lane.as_str().unwrap())).await;
        let earlier = talk.shown(&format!("?before={}&lane_id={}", detail["earlier"], lane.as_str().unwrap())).await;
        assert_eq!((newest, earlier.0), (vec!["more".to_owned()], vec!["first".to_owned(), "otherwise".to_owned()]));

        // What names no place is refused and leaves nothing.
        let unknown = "0192f0c4-0000-7000-8000-000000000000";
        for (place, code) in [
            (vec![("instead_of", unknown)], "not-found"),
            (vec![("after", unknown)], "not-found"),
            (vec![("lane_id", unknown)], "not-found"),
            (vec![("after", first.as_str()), ("instead_of", second.as_str())], "invalid-request"),
            (vec![("after", "no id")], "invalid-request"),
        ] {
            let refused = ann.post("/api/invoke_agent", talk.body("third", &place)).await;
            refused.problem(if code == "not-found" { 404 } else { 422 }, code);
        }
        let alone = json!({"project_id": talk.project, "message": "hi", "instead_of": first});
        ann.post("/api/invoke_agent", alone).await.problem(422, "invalid-request");
        ann.get(&format!("{}?lane_id={unknown}", talk.path())).await.problem(404, "not-found");
        eve.post("/api/invoke_agent", talk.body("third", &[("instead_of", &first)])).await.problem(404, "not-found");
        let elsewhere = eve.project("Hers").await;
        let (hers, theirs) = eve.ask(&elsewhere, "first").await;
        eve.frames(&hers).await;
        let body = json!({"project_id": elsewhere, "conversation_id": theirs, "message": "third", "instead_of": first});
        eve.post("/api/invoke_agent", body).await.problem(404, "not-found");
        // The same submission again is the same turn, and opens nothing.
        let mut body = talk.body("otherwise", &[("instead_of", &second)]);
        body["client_message_id"] = json!(uuid::Uuid::new_v4());
        let once = ann.post("/api/invoke_agent", body.clone()).await.ok();
        ann.frames(once["execution_id"].as_str().unwrap()).await;
        assert_eq!(ann.post("/api/invoke_agent", body).await.ok(), once);
        assert_eq!(talk.shown("").await.1["versions"][1]["versions"].as_array().unwrap().len(), 4);
        server.stop().await;
    });
}
