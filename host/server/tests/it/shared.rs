//! What other suites made for attackers and far ends, used here against the running server: not a copy, the very files.

#[allow(dead_code, reason = "this suite needs a part of it")]
#[path = "../../../runtime/tests/it/hostile/corpus.rs"]
pub(crate) mod corpus;
#[allow(dead_code, reason = "this suite needs a part of it")]
#[path = "../../../runtime/tests/it/support/far_end.rs"]
pub(crate) mod far_end;
#[allow(dead_code, reason = "this suite needs a part of it")]
#[path = "../../../runtime/tests/it/support/guests.rs"]
pub(crate) mod guests;
#[allow(dead_code, reason = "this suite needs a part of it")]
#[path = "../../../sources/tests/it/registry.rs"]
pub(crate) mod registry;
#[allow(dead_code, reason = "this suite needs a part of it")]
#[path = "../../../sources/tests/it/site.rs"]
pub(crate) mod site;

use sha2::Digest as _;

pub(crate) fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
