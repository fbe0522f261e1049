//! What the audit log says: one type for each kind of record, kept as JSON beside the columns that all records have.
//!
//! Whoever writes a record makes one of these, whoever reads one gets it back; nobody else knows how it is written.
//! Fields only come to be: a record from before a field reads as its default, one from a newer host loses what this
//! build does not know.

use serde::{Deserialize, Serialize};

use crate::{CallSite, Caller, ConversationId, PackageDigest, ToolCallId};

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// A tool was called.
    Call,
    /// A plugin asked for an HTTP request.
    Request,
    /// A plugin was installed, updated, given or refused something, switched, rolled back or removed.
    Change,
}

impl AuditKind {
    /// The word in the database and outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Request => "request",
            Self::Change => "change",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Call, Self::Request, Self::Change].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a record says beside its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AuditBody {
    /// Of a call.
    Call(CallAudit),
    /// Of a request.
    Request(RequestAudit),
    /// Of a change.
    Change(ChangeAudit),
    /// It was too large to be kept.
    Omitted {
        /// What it was about.
        #[serde(skip)]
        kind: AuditKind,
        /// Its size as JSON.
        omitted_bytes: u64,
    },
}

impl AuditBody {
    /// What the record is about.
    #[must_use]
    pub const fn kind(&self) -> AuditKind {
        match self {
            Self::Call(_) => AuditKind::Call,
            Self::Request(_) => AuditKind::Request,
            Self::Change(_) => AuditKind::Change,
            Self::Omitted { kind, .. } => *kind,
        }
    }

    /// As it is kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Plain data: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`AuditBody::to_json`] wrote of a record of that kind.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(kind: AuditKind, json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Omitted {
            omitted_bytes: u64,
        }
        if let Ok(Omitted { omitted_bytes }) = serde_json::from_str(json) {
            return Ok(Self::Omitted { kind, omitted_bytes });
        }
        Ok(match kind {
            AuditKind::Call => Self::Call(serde_json::from_str(json)?),
            AuditKind::Request => Self::Request(serde_json::from_str(json)?),
            AuditKind::Change => Self::Change(serde_json::from_str(json)?),
        })
    }
}

/// A body that says nothing.
impl From<AuditKind> for AuditBody {
    fn from(kind: AuditKind) -> Self {
        match kind {
            AuditKind::Call => Self::Call(CallAudit::default()),
            AuditKind::Request => Self::Request(RequestAudit::default()),
            AuditKind::Change => Self::Change(ChangeAudit::default()),
        }
    }
}

/// Who called, as records of calls and of their requests say it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CalledBy {
    /// The plugin's version.
    pub version: String,
    /// From where; absent in records from before callers were other than turns.
    pub site: Option<CallSite>,
    /// The conversation, when the call belongs to one.
    pub conversation_id: Option<ConversationId>,
    /// The call's own id, when it has one.
    pub tool_call_id: Option<ToolCallId>,
}

impl CalledBy {
    /// This caller, of that version of a plugin.
    #[must_use]
    pub fn new(version: &str, caller: &Caller) -> Self {
        Self {
            version: version.to_owned(),
            site: Some(caller.site.clone()),
            conversation_id: caller.site.conversation(),
            tool_call_id: caller.tool_call.clone(),
        }
    }
}

/// One call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallAudit {
    /// Who called.
    #[serde(flatten)]
    pub by: CalledBy,
    /// SHA-256 of the arguments as canonical JSON.
    pub argument_digest: String,
    /// Requests that it made, refused ones included.
    pub http_requests: u32,
    /// Bytes of bodies that it sent.
    pub bytes_sent: u64,
    /// Bytes of bodies that it received.
    pub bytes_received: u64,
    /// From the asking to the outcome, in milliseconds.
    pub duration_ms: f64,
    /// Processor time, in milliseconds; fractions count.
    pub cpu_ms: f64,
    /// The most memory that it held at once.
    pub memory_peak_bytes: u64,
    /// Ids of the powers that it used.
    pub powers: Vec<String>,
    /// What was said about its failure: one bounded line, for the caller's eyes only.
    pub failure: Option<String>,
}

/// One HTTP request of a plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestAudit {
    /// Who called the tool that made it.
    #[serde(flatten)]
    pub by: CalledBy,
    /// As the plugin asked.
    pub method: String,
    /// Where it went; for a refused one where it should have gone.
    pub host: String,
    /// Without its query.
    pub path: String,
    /// Of the last answer.
    pub status: Option<u16>,
    /// Why it was refused or failed.
    pub reason: Option<String>,
    /// Answers that were waited for, beyond the first.
    pub retries: u32,
    /// Bytes of body sent.
    pub bytes_sent: u64,
    /// Bytes of body received.
    pub bytes_received: u64,
    /// Until the answer was complete, in milliseconds.
    pub duration_ms: f64,
}

/// One change of an installation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeAudit {
    /// Whose the installation is: a user, or `everyone`.
    pub owner: String,
    /// The version that served until then.
    pub before: Option<PackageDigest>,
    /// The powers that were given, or that are asked for in addition.
    pub powers: Vec<String>,
    /// What was wrong.
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{LaneId, ProjectId, TurnId, UserId};

    #[track_caller]
    fn round_trip(body: &AuditBody) {
        assert_eq!(AuditBody::read(body.kind(), &body.to_json()).unwrap(), *body);
    }

    #[test]
    fn bodies_are_read_as_they_are_written() {
        let site = CallSite::Turn { conversation: ConversationId::new(), turn: TurnId::new(), lane: LaneId::MAIN };
        let caller = Caller::new(UserId::parse("ada@example.com").unwrap(), ProjectId::new(), site);
        let by = CalledBy::new("1.0.0", &caller);
        round_trip(&AuditBody::Call(CallAudit { by: by.clone(), cpu_ms: 0.125, ..CallAudit::default() }));
        round_trip(&AuditBody::Request(RequestAudit { by, bytes_sent: u64::MAX, ..RequestAudit::default() }));
        let before = Some(PackageDigest::parse(&"a".repeat(64)).unwrap());
        round_trip(&AuditBody::Change(ChangeAudit { before, ..ChangeAudit::default() }));
        for kind in [AuditKind::Call, AuditKind::Request, AuditKind::Change] {
            round_trip(&kind.into());
            round_trip(&AuditBody::Omitted { kind, omitted_bytes: 7 });
            assert_eq!(AuditKind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn records_of_other_releases_are_read() {
        // As it was written before there were sites, with a field that this build does not know.
        let conversation = ConversationId::new();
        let old = json!({
            "version": "1.0.0", "conversation_id": conversation, "tool_call_id": "call-1", "method": "GET",
            "host": "workspace", "path": "/x", "status": null, "reason": "why", "retries": 0, "bytes_sent": 1,
            "bytes_received": 2, "duration_ms": 0.25, "from_the_future": {"a": 1},
        });
        let AuditBody::Request(read) = AuditBody::read(AuditKind::Request, &old.to_string()).unwrap() else {
            panic!("no request")
        };
        assert_eq!((read.by.site, read.by.conversation_id), (None, Some(conversation)));
        assert_eq!((read.reason.as_deref(), read.status, read.duration_ms), (Some("why"), None, 0.25));
        assert_eq!(AuditBody::read(AuditKind::Call, "{}").unwrap(), AuditKind::Call.into());
        assert!(AuditBody::read(AuditKind::Call, "[]").is_err() && AuditBody::read(AuditKind::Call, "{").is_err());
    }
}
