//! Approvals: the user's answers to calls that wait for them.

use bricklayer_domain::{
    ApprovalDecision, ConversationId, Event, EventSeq, StoredEvent, ToolCallId, TurnId, TurnStatus, UserId,
};

use crate::engine::{Sql, args};
use crate::error::{StoreError, again_on_conflict};
use crate::notices::Notice;
use crate::store::Store;
use crate::turns::status;
use crate::writer::{insert_event, prepare};

/// What became of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer that counts: this one, or an earlier one.
    pub decision: ApprovalDecision,
    /// The event this answer added; absent when an earlier one counts.
    pub event: Option<StoredEvent>,
    /// Whether this answer was the last one the turn waited for: it is running again and the caller claims it.
    pub resumed: bool,
}

fn parse_decision(text: &str) -> Result<ApprovalDecision, StoreError> {
    ApprovalDecision::ALL
        .into_iter()
        .find(|decision| decision.as_str() == text)
        .ok_or_else(|| StoreError::inconsistent("approvals", format!("decision {text}")))
}

impl Store {
    /// Answers an approval. The first answer counts and is appended to the log; a later one learns what it was. The
    /// answer to the last open approval of the turn makes it running, held by nobody: see [`Store::claim_turn`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's or it has no such approval,
    /// [`StoreError::TurnEnded`] when the turn ended (or is being stopped) before it was answered, or the database's
    /// failure.
    pub async fn answer_approval(
        &self,
        user: &UserId,
        turn: TurnId,
        call: &ToolCallId,
        decision: ApprovalDecision,
    ) -> Result<Answered, StoreError> {
        again_on_conflict!(self.try_answer_approval(user, turn, call, decision))
    }

    async fn try_answer_approval(
        &self,
        user: &UserId,
        turn: TurnId,
        call: &ToolCallId,
        decision: ApprovalDecision,
    ) -> Result<Answered, StoreError> {
        let prepared = prepare(Event::ApprovalAnswered { call: call.clone(), decision, because_of: None })?;
        let mut tx = self.prompt().begin().await?;
        let row = tx
            .fetch_optional(
                Sql::Each {
                    sqlite: "select conversation_id, status, last_seq
                    from turns
                    where id = $1
                        and user_id = $2",
                    postgres: "select conversation_id, status, last_seq
                    from turns
                    where id = $1
                        and user_id = $2
                    for update",
                },
                args![turn, user],
            )
            .await?
            .ok_or(StoreError::NotFound("execution"))?;
        let approval = tx
            .fetch_optional(
                "select decision
                from approvals
                where turn_id = $1
                    and call_id = $2",
                args![turn, call.0.as_bytes()],
            )
            .await?
            .ok_or(StoreError::NotFound("approval"))?;
        if let Some(earlier) = approval.maybe_text("decision")? {
            return Ok(Answered { decision: parse_decision(&earlier)?, event: None, resumed: false });
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
        let conversation = ConversationId::from_uuid(row.uuid("conversation_id")?);
        let seq = EventSeq(row.int("last_seq")? + 1);
        tx.execute(
            "update approvals
            set decision = $1,
                answered_seq = $2
            where turn_id = $3
                and call_id = $4",
            args![decision.as_str(), seq.0, turn, call.0.as_bytes()],
        )
        .await?;
        let still_open = tx
            .fetch_optional(
                "select call_id
                from approvals
                where turn_id = $1
                    and decision is null
                limit 1",
                args![turn],
            )
            .await?
            .is_some();
        let status = if still_open { TurnStatus::Waiting } else { TurnStatus::Running };
        tx.execute(
            "update turns
            set last_seq = $1,
                status = $2,
                updated_at = case when status = $2 then updated_at else $3 end,
                lease_expires_at = $3
            where id = $4",
            args![seq.0, status.as_str(), now, turn],
        )
        .await?;
        insert_event(&mut tx, conversation, turn, seq, now, &prepared).await?;
        let notice = [Notice::Appended { conversation, turn, seq, local: true }];
        self.notices().stage(&mut tx, &notice).await?;
        tx.commit().await?;
        self.notices().publish(&notice);
        let event = StoredEvent { seq, conversation, turn, at: now, event: prepared.event, structured_bytes: None };
        Ok(Answered { decision, event: Some(event), resumed: !still_open })
    }

    /// The calls of a turn that wait for an answer, in the order they were asked.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn open_approvals(&self, user: &UserId, turn: TurnId) -> Result<Vec<ToolCallId>, StoreError> {
        self.get_turn(user, turn).await?;
        let rows = self
            .engine()
            .fetch_all(
                "select call_id
                from approvals
                where turn_id = $1
                    and decision is null
                order by requested_seq
                limit 1000",
                args![turn],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let text =
                    String::from_utf8(row.bytes("call_id")?).map_err(|e| StoreError::inconsistent("approvals", e))?;
                Ok(ToolCallId(text))
            })
            .collect()
    }
}
