//! One test from each line of the table.

use serde_json::json;

use super::check;
use super::corpus::{after_return, corpus, fetch, module, over_instances, read, returns, returns_at, tool};

macro_rules! cases {
    ($($name:ident: $attack:expr => $kind:ident $says:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            check($attack, bricklayer_domain::ToolErrorKind::$kind, $says).await;
        })*
    };
}

corpus!(cases);
