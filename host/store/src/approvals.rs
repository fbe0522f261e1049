//! Approvals: the user's answers to calls that wait for them.

use bricklayer_domain::{
    ApprovalDecision, ApprovalReply, CallReview, ConversationId, Event, EventSeq, LaneId, ModeProposal, PermissionMode,
    ProjectId, StandingScope, StoredEvent, ToolCallId, ToolName, TurnId, TurnSettings, TurnStatus, UserId,
};

use crate::engine::{Row, Sql, Tx, args};
use crate::error::{StoreError, again_on_conflict};
use crate::lease_sql::on_lease_clock;
use crate::notices::Notice;
use crate::rows::{status, to_json};
use crate::standing::grant;
use crate::store::Store;
use crate::writer::{Place, insert_event, prepare};

/// An answer of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalAnswer {
    /// What they decide.
    pub decision: ApprovalDecision,
    /// What they say beside it.
    pub reply: Option<ApprovalReply>,
}

impl From<ApprovalDecision> for ApprovalAnswer {
    fn from(decision: ApprovalDecision) -> Self {
        Self { decision, reply: None }
    }
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer that counts: this one, or an earlier one.
    pub decision: ApprovalDecision,
    /// What the user said beside it.
    pub reply: Option<ApprovalReply>,
    /// What this answer added to the log: itself, and the later questions that it settled. Empty when an earlier answer
    /// counts.
    pub events: Vec<StoredEvent>,
    /// Whether this answer was the last one the turn waited for, or stops it: it is running again and the caller claims
    /// it.
    pub resumed: bool,
}

/// What a question said.
struct Question {
    tool: ToolName,
    review: CallReview,
    standing: Option<StandingScope>,
    later_changes: Vec<ToolCallId>,
    proposal: Option<ModeProposal>,
}

impl Question {
    /// The mode that an answer chooses; none where the question proposes none, or the answer is no.
    fn chosen_mode(&self, answer: &ApprovalAnswer) -> Result<Option<PermissionMode>, StoreError> {
        let chosen = answer.reply.as_ref().and_then(ApprovalReply::mode);
        let offered = self.proposal.as_ref().filter(|_| answer.decision.allows());
        match (offered, chosen) {
            (None, None) => Ok(None),
            (Some(proposal), Some(mode)) if proposal.modes.contains(&mode) => Ok(Some(mode)),
            (Some(_), _) | (None, Some(_)) => Err(StoreError::ModeNotOffered),
        }
    }
}

fn parse_decision(text: &str) -> Result<ApprovalDecision, StoreError> {
    ApprovalDecision::ALL
        .into_iter()
        .find(|decision| decision.as_str() == text)
        .ok_or_else(|| StoreError::inconsistent("approvals", format!("decision {text}")))
}

impl Store {
    /// Answers an approval. The first answer counts and is appended to the log; a later one learns what it was. A mode
    /// that it chooses is what the conversation remembers from now on. A `no` also settles the open questions of the same
    /// message about calls that do not run now. The answer to the last open approval of the turn, and any `stop`, makes it
    /// running, held by nobody: see [`Store::claim_turn`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's or it has no such approval,
    /// [`StoreError::TurnEnded`] when the turn ended (or is being stopped) before it was answered,
    /// [`StoreError::StandingNotOffered`], [`StoreError::ModeNotOffered`], [`StoreError::TooLarge`] when the conversation
    /// has too many standing permissions, or the database's failure.
    pub async fn answer_approval(
        &self,
        user: &UserId,
        turn: TurnId,
        call: &ToolCallId,
        answer: impl Into<ApprovalAnswer>,
    ) -> Result<Answered, StoreError> {
        let answer = answer.into();
        again_on_conflict!(self.try_answer_approval(user, turn, call, &answer))
    }

    async fn try_answer_approval(
        &self,
        user: &UserId,
        turn: TurnId,
        call: &ToolCallId,
        answer: &ApprovalAnswer,
    ) -> Result<Answered, StoreError> {
        let ApprovalAnswer { decision, reply } = answer.clone();
        let mut tx = self.prompt().begin().await?;
        let row = tx
            .fetch_optional(
                Sql::Each {
                    sqlite: "select conversation_id, project_id, status, last_seq
                    from turns
                    where id = $1
                        and user_id = $2",
                    postgres: "select conversation_id, project_id, status, last_seq
                    from turns
                    where id = $1
                        and user_id = $2
                    for update",
                },
                args![turn, user],
            )
            .await?
            .ok_or(StoreError::NotFound("execution"))?;
        let conversation = ConversationId::from_uuid(row.uuid("conversation_id")?);
        let approval = tx
            .fetch_optional(
                "select approvals.decision, approvals.requested_seq, approvals.answered_seq, events.lane_id
                from approvals
                join events on events.conversation_id = $3
                    and events.seq = approvals.requested_seq
                where approvals.turn_id = $1
                    and approvals.call_id = $2",
                args![turn, call.0.as_bytes(), conversation],
            )
            .await?
            .ok_or(StoreError::NotFound("approval"))?;
        if let Some(earlier) = approval.maybe_text("decision")? {
            let reply = reply_of(&mut tx, conversation, approval.int("answered_seq")?).await?;
            return Ok(Answered { decision: parse_decision(&earlier)?, reply, events: Vec::new(), resumed: false });
        }
        match status(&row)? {
            TurnStatus::Waiting => {}
            // Only a stop makes a turn run while approvals are open.
            TurnStatus::Running => return Err(StoreError::TurnEnded(TurnStatus::Cancelled)),
            ended @ (TurnStatus::Completed | TurnStatus::Failed | TurnStatus::Cancelled) => {
                return Err(StoreError::TurnEnded(ended));
            }
        }
        let now = self.now();
        // The answer stands where the question does.
        let lane = LaneId::from_uuid(approval.uuid("lane_id")?);
        let mut answers =
            vec![Event::ApprovalAnswered { call: call.clone(), decision, because_of: None, reply: reply.clone() }];
        let asked = question(&mut tx, conversation, approval.int("requested_seq")?).await?;
        if let Some(mode) = asked.chosen_mode(answer)? {
            set_mode(&mut tx, conversation, mode).await?;
        }
        match decision {
            ApprovalDecision::Once | ApprovalDecision::Stop => {}
            ApprovalDecision::Conversation => {
                let Question { tool, review, standing, .. } = asked;
                let scope = standing.ok_or(StoreError::StandingNotOffered)?;
                grant(&mut tx, conversation, &tool, &scope, &review, now).await?;
            }
            ApprovalDecision::No => {
                let open = open_calls(&mut tx, turn).await?;
                for later in asked.later_changes.into_iter().filter(|later| open.contains(later)) {
                    let because_of = Some(call.clone());
                    answers.push(Event::ApprovalAnswered { call: later, decision, because_of, reply: None });
                }
            }
        }
        let first = row.int("last_seq")? + 1;
        let mut events = Vec::with_capacity(answers.len());
        for (seq, event) in (first..).zip(answers) {
            let Event::ApprovalAnswered { call, .. } = &event else { continue };
            tx.execute(
                "update approvals
                set decision = $1,
                    answered_seq = $2
                where turn_id = $3
                    and call_id = $4",
                args![decision.as_str(), seq, turn, call.0.as_bytes()],
            )
            .await?;
            let prepared = prepare(event)?;
            let place = Place { conversation, lane, turn, seq: EventSeq(seq), at: now };
            insert_event(&mut tx, place, &prepared).await?;
            events.push(place.stored(prepared.event, None));
        }
        let stops = decision == ApprovalDecision::Stop;
        let resumed = stops || open_calls(&mut tx, turn).await?.is_empty();
        let status = if resumed { TurnStatus::Running } else { TurnStatus::Waiting };
        let last = events.last().map_or(EventSeq(first), |stored| stored.seq);
        tx.execute(
            on_lease_clock!("update turns
            set last_seq = $1,
                status = $2,
                stop_requested = case when $3 then $3 else stop_requested end,
                updated_at = case when status = $2 then updated_at else $4 end,
                lease_expires_at = " [6] "
            where id = $5"),
            args![last.0, status.as_str(), stops, now, turn, self.lease_now()],
        )
        .await?;
        let project = ProjectId::from_uuid(row.uuid("project_id")?);
        let notices = [
            Notice::Appended { conversation, turn, seq: last, local: true },
            Notice::ProjectChanged { project, conversation: Some(conversation) },
        ];
        self.notices().stage(&mut tx, &notices).await?;
        tx.commit().await?;
        self.notices().publish(&notices);
        Ok(Answered { decision, reply, events, resumed })
    }

    /// The calls of a turn that wait for an answer, in the order they were asked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn open_approvals(&self, user: &UserId, turn: TurnId) -> Result<Vec<ToolCallId>, StoreError> {
        self.get_turn(user, turn).await?;
        calls(&self.engine().fetch_all(OPEN_CALLS, args![turn]).await?)
    }
}

/// A message has fewer calls than this.
const OPEN_CALLS: &str = "select call_id
    from approvals
    where turn_id = $1
        and decision is null
    order by requested_seq
    limit 1000";

async fn open_calls(tx: &mut Tx, turn: TurnId) -> Result<Vec<ToolCallId>, StoreError> {
    calls(&tx.fetch_all(OPEN_CALLS, args![turn]).await?)
}

fn calls(rows: &[Row]) -> Result<Vec<ToolCallId>, StoreError> {
    let call = |row: &Row| {
        let text = String::from_utf8(row.bytes("call_id")?).map_err(|e| StoreError::inconsistent("approvals", e))?;
        Ok(ToolCallId(text))
    };
    rows.iter().map(call).collect()
}

/// An event of the log.
async fn logged(tx: &mut Tx, conversation: ConversationId, seq: i64) -> Result<Event, StoreError> {
    let row = tx
        .fetch_optional(
            "select body
            from events
            where conversation_id = $1
                and seq = $2",
            args![conversation, seq],
        )
        .await?
        .ok_or_else(|| StoreError::inconsistent("approvals", "a question or its answer is not in the log"))?;
    serde_json::from_str(&row.text("body")?).map_err(|e| StoreError::inconsistent("events", e))
}

/// What was said beside an answer, from the log.
async fn reply_of(tx: &mut Tx, conversation: ConversationId, seq: i64) -> Result<Option<ApprovalReply>, StoreError> {
    match logged(tx, conversation, seq).await? {
        Event::ApprovalAnswered { reply, .. } => Ok(reply),
        _ => Err(StoreError::inconsistent("approvals", "an answer's place in the log holds something else")),
    }
}

/// What was asked, from the log.
async fn question(tx: &mut Tx, conversation: ConversationId, seq: i64) -> Result<Question, StoreError> {
    match logged(tx, conversation, seq).await? {
        Event::ApprovalRequested { name, review, standing, later_changes, proposal, .. } => {
            Ok(Question { tool: name, review, standing, later_changes, proposal })
        }
        _ => Err(StoreError::inconsistent("approvals", "a question's place in the log holds something else")),
    }
}

/// Makes the conversation remember a mode as its user's choice.
async fn set_mode(tx: &mut Tx, conversation: ConversationId, mode: PermissionMode) -> Result<(), StoreError> {
    let row = tx
        .fetch_optional(
            Sql::Each {
                sqlite: "select settings
                from conversations
                where id = $1",
                postgres: "select settings
                from conversations
                where id = $1
                for update",
            },
            args![conversation],
        )
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
    let mut settings: TurnSettings =
        serde_json::from_str(&row.text("settings")?).map_err(|e| StoreError::inconsistent("conversations", e))?;
    settings.permission_mode = Some(mode);
    let settings = to_json("conversations", &settings)?;
    tx.execute(
        "update conversations
        set settings = $1
        where id = $2",
        args![settings.as_str(), conversation],
    )
    .await?;
    Ok(())
}
