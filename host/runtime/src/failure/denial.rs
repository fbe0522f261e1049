//! What the host refused in a call, and which of it a failure passes on.
//!
//! A refusal travels with the request that met it: the contract's `http` gives the guest its words, `wasi:http` only a
//! code without room for any. So a failure is explained by a refusal when it carries that refusal's words, or names
//! its code or its kind. That something was refused earlier in the call explains nothing: a guest may have expected it
//! and gone on, and failed of something else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{ToolErrorKind, cut};
use bricklayer_package::Power;

/// Refusals of one call that are kept; a guest may go on asking, and what ends a call is among its latest.
const MAX_DENIALS: usize = 32;

/// Longest text of a refusal, in bytes: it holds what the guest asked for.
const MAX_SAID_BYTES: usize = 500;

/// Something that the host refused during a call.
#[derive(Debug, Clone)]
pub(crate) struct Denial {
    /// What and why, one line.
    pub(crate) said: String,
    /// What would have allowed it; none when nothing would.
    pub(crate) missing: Option<Missing>,
    /// What was asked for.
    pub(crate) of: Asked,
    /// What a call is that fails of it.
    pub(crate) kind: ToolErrorKind,
}

/// What a refusal was for the want of.
#[derive(Debug, Clone)]
pub(crate) enum Missing {
    /// A power, as narrow as the thing refused.
    Power(Power),
    /// The caller's workspace.
    Workspace,
    /// So much time: the user's plugins carried all that a minute allows.
    Time(Duration),
}

/// What a guest asked for when it was refused; says how the refusal reads where it has no words of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To send a request to this path.
    Request { path: String },
    /// To send a request whose host turned out to be a private address.
    Address { path: String },
    /// To carry more bytes, in the midst of a request.
    Bytes,
    /// To use the key-value store.
    State,
    /// To register a request for later.
    CleanUp,
}

impl Asked {
    /// The codes that guests get for it, as [`plain`] text: languages write them as `HTTP-request-denied`,
    /// `ErrorCode::HttpRequestDenied`, `ErrorCode_HttpRequestDenied`.
    const fn codes(&self) -> &'static [&'static str] {
        match self {
            Self::Request { .. } => &["httprequestdenied"],
            Self::Address { .. } => &["destinationipprohibited"],
            Self::Bytes => &["httprequestbodysize", "httpresponsebodysize", "bodyistoolarge"],
            Self::State => &["stateerrordenied"],
            Self::CleanUp => &["cleanuperrordenied"],
        }
    }

    fn path(&self) -> &str {
        match self {
            Self::Request { path } | Self::Address { path } => path,
            Self::Bytes | Self::State | Self::CleanUp => "",
        }
    }
}

impl Denial {
    /// A request that may not leave, or not go where its name leads.
    pub(crate) fn of_request(of: Asked, method: &str, path: &str, reason: &str, missing: Option<Missing>) -> Self {
        // Most reasons name what they refuse; nothing is said twice.
        let what = format!("{method} {path}");
        let said = if reason.contains(&what) { reason.to_owned() } else { format!("{what}: {reason}") };
        Self::new(of, &said, missing)
    }

    pub(crate) fn new(of: Asked, said: &str, missing: Option<Missing>) -> Self {
        let kind = match missing {
            Some(Missing::Time(_)) => ToolErrorKind::LimitExceeded,
            _ => ToolErrorKind::Denied,
        };
        let said = cut(said, MAX_SAID_BYTES).chars().filter(|c| !c.is_control()).collect();
        Self { said, missing, of, kind }
    }

    /// Whether a text says the refusal in its own words, however it is quoted.
    pub(crate) fn is_said_in(&self, text: &str) -> bool {
        plain(text).contains(&plain(&self.said))
    }
}

/// The refusals of one call, oldest first.
#[derive(Debug, Default)]
pub(super) struct Denials(Mutex<VecDeque<Arc<Denial>>>);

impl Denials {
    pub(super) fn add(&self, denial: Arc<Denial>) {
        let mut denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() >= MAX_DENIALS {
            denials.pop_front();
        }
        denials.push_back(denial);
    }

    pub(super) fn latest(&self) -> Option<Arc<Denial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).back().cloned()
    }

    /// The refusal that a failure passes on: the one whose words its message has; else, of those whose code it has or
    /// whose kind it `named`, the one whose path it has; else the latest of them, because what a guest got past came
    /// earlier.
    pub(super) fn passed_on(&self, message: &str, named: Option<ToolErrorKind>) -> Option<Arc<Denial>> {
        let denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = plain(message);
        if let Some(found) = denials.iter().rev().find(|denial| text.contains(&plain(&denial.said))) {
            return Some(Arc::clone(found));
        }
        let fits = |denial: &&Arc<Denial>| {
            named == Some(denial.kind) || denial.of.codes().iter().any(|code| text.contains(code))
        };
        let path = |denial: &Arc<Denial>| {
            let path = denial.of.path();
            if path.len() > 1 && message.contains(path) { path.len() } else { 0 }
        };
        // Of equal ones the last is taken.
        denials.iter().filter(fits).max_by_key(|denial| path(denial)).cloned()
    }
}

/// A text as it reads without its marks: lower case, letters and digits only.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str) -> Denial {
        let reason = format!("no grant allows GET {path} at workspace");
        Denial::of_request(Asked::Request { path: path.to_owned() }, "GET", path, &reason, None)
    }

    #[track_caller]
    fn check(denials: &[Denial], message: &str, named: Option<ToolErrorKind>, expect: Option<usize>) {
        let all = Denials::default();
        for denial in denials {
            all.add(Arc::new(denial.clone()));
        }
        let found = all.passed_on(message, named).map(|denial| denial.said.clone());
        assert_eq!(found, expect.map(|index| denials[index].said.clone()), "{message:?}");
    }

    #[test]
    fn a_failure_passes_on_what_it_says() {
        let odd = Denial::of_request(
            Asked::Request { path: "/c".to_owned() },
            "GET",
            "/c",
            "\"a b\" is not a plain host name",
            None,
        );
        let private = Denial::of_request(
            Asked::Address { path: "/d".to_owned() },
            "GET",
            "/d",
            "10.0.0.1 is not a public address",
            None,
        );
        let state = Denial::new(Asked::State, "the plugin was not given its key-value store", None);
        let all = [refused("/api/a"), refused("/api/ab"), odd, private, state];

        // Its words, as they are, quoted, and among others.
        check(&all, "sorry: no grant allows GET /api/a at workspace", None, Some(0));
        check(&all, "HttpError::Denied(\"no grant allows GET /api/ab at workspace\")", None, Some(1));
        check(&all, "Denied(\"GET /c: \\\"a b\\\" is not a plain host name\")", None, Some(2));
        // Its code, in each language's spelling.
        check(&all, "HTTP-request-denied", None, Some(2));
        check(&all, "Err(value=ErrorCode_HttpRequestDenied())", None, Some(2));
        check(&all, "ErrorCode::DestinationIpProhibited", None, Some(3));
        check(&all, "StateError::Denied", None, Some(4));
        // The path tells refusals with one code apart, the longest that is there.
        check(&all, "GET /api/a: HttpRequestDenied", None, Some(0));
        check(&all, "GET /api/ab: HttpRequestDenied", None, Some(1));
        // The kind that the guest named.
        check(&all, "not today", Some(ToolErrorKind::Denied), Some(4));
        check(&all, "not today: /api/ab", Some(ToolErrorKind::Denied), Some(1));
        // Anything else is about something else.
        for other in ["line 3 has no comma", "the workspace denied it", "permission denied", ""] {
            check(&all, other, None, None);
            check(&all, other, Some(ToolErrorKind::NotFound), None);
        }
        check(&[], "HTTP-request-denied", Some(ToolErrorKind::Denied), None);
    }

    #[test]
    fn the_latest_refusals_are_kept() {
        let denials = Denials::default();
        for index in 0..1000 {
            denials.add(Arc::new(refused(&format!("/api/{index}/"))));
        }
        assert_eq!(denials.0.lock().unwrap().len(), MAX_DENIALS);
        assert!(denials.latest().unwrap().said.contains("/api/999/"));
        assert!(denials.passed_on("no grant allows GET /api/999/ at workspace", None).is_some());
    }
}
