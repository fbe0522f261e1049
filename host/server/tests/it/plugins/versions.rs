//! Guests of every released version of the contract, as they were recorded, on the running server; and of one that is not
//! released yet.

use bricklayer_package::CONTRACT_VERSIONS;
use serde_json::json;

use super::{everything, id, install_all, open};
use crate::shared::guests::package_with;
use crate::support::{Chat, World};

/// What the recorded guests say.
const GUESTS: [(&str, &str); 3] = [("progress", "half way"), ("log", "from a recorded guest"), ("state", "value")];

fn package(version: &str, interface: &str, contract: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/tests/recorded");
    let recorded = std::fs::read_to_string(format!("{folder}/{version}/{interface}.wat")).unwrap();
    let component = recorded.replace(&format!("@{version}\""), &format!("@{contract}\""));
    let more = "[grants]\nstate = true\n[tools.run]\nread-only = true\ndestructive = false\nask = false\n";
    package_with(&component, "package test:wat; world w { export run: func() -> string; }", more)
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_of_each_released_contract_serve_and_a_future_one_names_both_versions() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    for version in CONTRACT_VERSIONS {
        for (interface, says) in GUESTS {
            let plugin = install_all(&ann, &package(version, interface, version), "me").await;
            let result = chat.call("mcp__test-wat__run", json!({})).await;
            assert_eq!(result["content"], says, "{interface} {version}: {result}");
            assert_eq!(ann.delete(&format!("/api/plugins/{}", id(&plugin))).await.status, 204);
        }
    }
    let newest = CONTRACT_VERSIONS.last().unwrap();
    for future in ["0.1.9", "0.2.0", "1.0.0"] {
        let seen = ann.upload(&package("0.1.0", "progress", future), None).await.ok();
        let refusal = seen["refusals"][0].as_str().unwrap_or_else(|| panic!("{seen}"));
        for part in [future, newest, "update Bricklayer"] {
            assert!(refusal.contains(part), "{refusal} does not say {part}");
        }
        let body = json!({"staged": seen["staged"], "scope": "me", "grants": everything(&seen)});
        ann.post("/api/plugins", body).await.problem(422, "plugin-refused");
    }
    server.stop().await;
}
