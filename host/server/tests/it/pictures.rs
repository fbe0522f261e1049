//! Pictures and documents that the model reads: shown to it as they are, kept as results, and not in the log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Engine, Reply, World, both_engines};

/// One white pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

const PDF: &str = "%PDF-1.4\n%%EOF\n";

/// What the model was told last of its calls.
fn told(requests: &[Value], call: &str) -> Value {
    let messages = requests.last().unwrap()["messages"].as_array().unwrap();
    let parts = messages.iter().flat_map(|message| message["content"].as_array().unwrap());
    parts.clone().find(|part| part["tool_use_id"] == call).unwrap()["content"].clone()
}

#[test]
fn the_model_sees_pictures_and_documents_before_and_after_a_restart() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let read = |id: &str, path: &str| (id.to_owned(), "Read".to_owned(), json!({"file_path": path}));
        let calls = vec![read("a", "a.png"), read("b", "b.pdf"), read("c", "c.ipynb"), read("d", "broken.png")];
        world.model.script("look", vec![Reply::tools(calls), Reply::text("seen")]);
        world.model.script("again", vec![Reply::text("still there")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let folder = world.project_dir(&project);
        std::fs::create_dir_all(&folder).unwrap();
        let png = STANDARD.decode(PNG).unwrap();
        std::fs::write(folder.join("a.png"), &png).unwrap();
        std::fs::write(folder.join("b.pdf"), PDF).unwrap();
        let output = json!({"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG}});
        let cell = json!({"cell_type": "code", "metadata": {}, "source": "plot()", "outputs": [output]});
        let notebook = json!({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [cell]});
        std::fs::write(folder.join("c.ipynb"), notebook.to_string()).unwrap();
        std::fs::write(folder.join("broken.png"), &png[..12]).unwrap();
        let (execution, conversation) = ann.ask(&project, "look").await;
        let frames = ann.frames(&execution).await;

        let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}});
        let requests = world.model.requests();
        let of_picture = told(&requests, "a");
        assert!(of_picture[0]["text"].as_str().unwrap().starts_with("`a.png`: image/png, 67 bytes, 1 × 1 pixels."));
        assert_eq!(of_picture[1], picture);
        let pdf = STANDARD.encode(PDF);
        assert_eq!(
            told(&requests, "b")[1],
            json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": pdf}})
        );
        assert_eq!(told(&requests, "c")[1], picture, "of a notebook's output");
        assert_eq!(told(&requests, "d"), json!("`broken.png` begins as image/png but is broken"));

        // People see it as a result; its bytes are there and not in the log.
        let result = frames.iter().find(|frame| frame.data["tool_use_id"] == "a" && frame.kind() == "tool_result");
        let kept = &result.unwrap().data["results"][0];
        assert_eq!((&kept["content"], &kept["media_type"]), (&json!("image"), &json!("image/png")));
        assert!(frames.iter().all(|frame| !frame.data.to_string().contains(PNG)));
        server.stop().await;

        let server = world.serve().await;
        let ann = server.as_user("ann");
        let execution = ann.say(&project, &conversation, "again").await;
        ann.frames(&execution).await;
        let requests = world.model.requests();
        assert_eq!(told(&requests, "a"), of_picture, "the same bytes, so that the provider's cache holds");
        assert_eq!(told(&requests, "c")[1], picture);
        server.stop().await;
    });
}
