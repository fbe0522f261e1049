//! Turns: beginning one, who drives it, and asking it to stop.

use bricklayer_domain::{
    ConversationId, Event, EventSeq, ProjectId, ResultId, StoredEvent, Turn, TurnId, TurnSettings, TurnStatus, UserId,
};
use uuid::Uuid;

use crate::conversations::{DEFAULT_CONVERSATION_TITLE, insert_conversation, temporary_title};
use crate::engine::{Sql, Tx, args};
use crate::error::{StoreError, again_on_conflict};
use crate::fencing::{Lease, WorkerId};
use crate::history::check_room;
use crate::lease::{Claim, claim};
use crate::lease_sql::on_lease_clock;
use crate::notices::Notice;
use crate::page::{Cursor, Page, PageRequest};
use crate::places::{TurnPlace, lane_of};
use crate::rows::{status, to_json, turn};
use crate::store::Store;
use crate::writer::{Place, Prepared, insert_event, prepare};

/// A message that begins a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTurn {
    /// The conversation's project.
    pub project: ProjectId,
    /// Where it was said; a new conversation of the project when absent.
    pub conversation: Option<ConversationId>,
    /// Where in the conversation it is said.
    pub place: TurnPlace,
    /// As typed.
    pub message: String,
    /// What the user chose; the conversation remembers it.
    pub settings: TurnSettings,
    /// The client's own id of this submission, unique among its user's: a second one with the same id is answered with
    /// the first one's turn.
    pub client_message_id: Option<Uuid>,
    /// The result that it makes again, when it is the command for that.
    pub rerun_of: Option<ResultId>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one per turn, taken apart at once")]
pub enum Begun {
    /// A turn began; its first event is stored and the caller drives it.
    New {
        /// The turn.
        turn: Turn,
        /// Its first event.
        event: StoredEvent,
        /// The right to go on.
        lease: Lease,
    },
    /// This submission came before; its turn is driven elsewhere or has ended.
    Repeated {
        /// The turn.
        turn: Turn,
    },
}

/// What became of the wish to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The turn has ended already.
    Ended(TurnStatus),
    /// Its worker is told; the flag is in the database.
    Requested {
        /// Whether no live worker holds the turn (it was parked, or its worker died): the caller should claim it and
        /// end it as cancelled.
        claimable: bool,
    },
}

/// Locks a conversation, so that no other turn can begin while this decides.
async fn lock_conversation(
    tx: &mut Tx,
    user: &UserId,
    project: ProjectId,
    conversation: ConversationId,
) -> Result<ConversationId, StoreError> {
    let locked = tx
        .fetch_optional(
            Sql::Each {
                sqlite: "select id
                from conversations
                where id = $1
                    and project_id = $2
                    and user_id = $3",
                postgres: "select id
                from conversations
                where id = $1
                    and project_id = $2
                    and user_id = $3
                for no key update",
            },
            args![conversation, project, user],
        )
        .await?;
    locked.map(|_| conversation).ok_or(StoreError::NotFound("conversation"))
}

/// The turn that a submission with the same id began, when its message was the same.
async fn submitted(tx: &mut Tx, user: &UserId, new: &NewTurn) -> Result<Option<Turn>, StoreError> {
    let Some(id) = new.client_message_id else { return Ok(None) };
    let row = tx
        .fetch_optional(
            "select id, conversation_id, project_id, user_id, status, created_at, updated_at,
                (
                    select body
                    from events
                    where events.conversation_id = turns.conversation_id
                        and events.seq = turns.first_seq
                ) as body
            from turns
            where user_id = $1
                and client_message_id = $2",
            args![user, id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let turn = turn(&row)?;
    let first: Event = serde_json::from_str(&row.text("body")?).map_err(|e| StoreError::inconsistent("events", e))?;
    let same_message = matches!(&first, Event::TurnStarted { message, settings, rerun_of }
        if *message == new.message && *settings == new.settings && *rerun_of == new.rerun_of);
    let same_place = turn.project == new.project && new.conversation.is_none_or(|named| named == turn.conversation);
    if same_message && same_place { Ok(Some(turn)) } else { Err(StoreError::OtherMessage { turn: turn.id }) }
}

impl Store {
    /// Stores a user's message as the first event of a new turn, which `worker` then drives. One transaction: a
    /// conversation is made when none is named, it remembers the settings and, when it has no title of its own yet, gets
    /// one from the message.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, or no such conversation in it or place in
    /// that, [`StoreError::TooMany`] when it holds as many lanes as it may, [`StoreError::Busy`] when another of its turns is in progress, [`StoreError::OtherMessage`] when the submission's
    /// id belongs to another one, [`StoreError::ConversationFull`], [`StoreError::TooLarge`], or the database's failure.
    pub async fn begin_turn(&self, user: &UserId, worker: WorkerId, new: NewTurn) -> Result<Begun, StoreError> {
        let settings = to_json("turns", &new.settings)?;
        let (message, settings_then) = (new.message.clone(), new.settings.clone());
        let event = Event::TurnStarted { message, settings: settings_then, rerun_of: new.rerun_of };
        let prepared = prepare(event)?;
        again_on_conflict!(self.try_begin_turn(user, worker, &new, &settings, &prepared))
    }

    /// The turn of a submission that came before; `None` when this is the first with its id.
    ///
    /// # Errors
    /// [`StoreError::OtherMessage`] when the id belongs to another submission, or the database's failure.
    pub async fn find_submission(&self, user: &UserId, new: &NewTurn) -> Result<Option<Turn>, StoreError> {
        let mut tx = self.prompt().begin_read().await?;
        submitted(&mut tx, user, new).await
    }

    async fn try_begin_turn(
        &self,
        user: &UserId,
        worker: WorkerId,
        new: &NewTurn,
        settings: &str,
        prepared: &Prepared,
    ) -> Result<Begun, StoreError> {
        let mut tx = self.prompt().begin().await?;
        if let Some(turn) = submitted(&mut tx, user, new).await? {
            return Ok(Begun::Repeated { turn });
        }
        let title = temporary_title(&new.message);
        let conversation = match new.conversation {
            Some(conversation) => lock_conversation(&mut tx, user, new.project, conversation).await?,
            None => {
                let made = ConversationId::new();
                insert_conversation(&mut tx, user, new.project, made, DEFAULT_CONVERSATION_TITLE, self.now()).await?;
                made
            }
        };
        let in_the_way = tx
            .fetch_optional(
                "select id
                from turns
                where conversation_id = $1
                    and status in ('running', 'waiting')
                limit 1",
                args![conversation],
            )
            .await?;
        if let Some(row) = in_the_way {
            // It may have begun while this waited for the conversation.
            if let Some(turn) = submitted(&mut tx, user, new).await? {
                return Ok(Begun::Repeated { turn });
            }
            return Err(StoreError::Busy { turn: TurnId::from_uuid(row.uuid("id")?) });
        }
        let now = self.now();
        let lane = lane_of(&mut tx, conversation, new.place, now).await?;
        check_room(&mut tx, conversation, lane, self.conversation_limits()).await?;
        let id = TurnId::new();
        let inserted = tx
            .fetch_all(
                on_lease_clock!("insert into turns (
                    id, conversation_id, project_id, user_id, status, client_message_id, first_seq, last_seq,
                    stop_requested, lease_worker, lease_token, lease_expires_at, created_at, updated_at, log_bytes,
                    lane_id
                )
                select $1, $2, $3, $4, 'running', $5, latest.seq + 1, latest.seq + 1, $6, $7, 1, " [8] ", $9, $9, $10, $11
                from (
                    select coalesce((
                        select last_seq
                        from turns
                        where conversation_id = $2
                        order by first_seq desc
                        limit 1
                    ), 0) as seq
                ) as latest
                where true
                returning id, conversation_id, project_id, user_id, status, created_at, updated_at,
                    stop_requested, lease_token, first_seq"),
                args![
                    id,
                    conversation,
                    new.project,
                    user,
                    new.client_message_id,
                    false,
                    worker,
                    self.lease_end(),
                    now,
                    prepared.log_bytes(),
                    lane
                ],
            )
            .await?;
        let row = inserted.first().ok_or_else(|| StoreError::inconsistent("turns", "nothing was inserted"))?;
        let seq = EventSeq(row.int("first_seq")?);
        let Claim { turn, lease, .. } = claim(row, worker)?;
        let place = Place { conversation: turn.conversation, lane, turn: id, seq, at: now };
        insert_event(&mut tx, place, prepared).await?;
        tx.execute(
            "update conversations
            set settings = $1,
                updated_at = $2,
                title = case when title = $3 then $4 else title end
            where id = $5",
            args![settings, now, DEFAULT_CONVERSATION_TITLE, title.as_str(), conversation],
        )
        .await?;
        let notices = [
            Notice::Appended { conversation: turn.conversation, turn: id, seq, local: true },
            Notice::ProjectChanged { project: turn.project, conversation: Some(turn.conversation) },
        ];
        self.notices().stage(&mut tx, &notices).await?;
        tx.commit().await?;
        self.notices().publish(&notices);
        let event = place.stored(prepared.event.clone(), None);
        Ok(Begun::New { turn, event, lease })
    }

    /// One turn.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn get_turn(&self, user: &UserId, id: TurnId) -> Result<Turn, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                "select id, conversation_id, project_id, user_id, status, created_at, updated_at
                from turns
                where id = $1
                    and user_id = $2",
                args![id, user],
            )
            .await?;
        turn(&row.ok_or(StoreError::NotFound("execution"))?)
    }

    /// A conversation's turns, the newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or the database's failure.
    pub async fn list_turns(
        &self,
        user: &UserId,
        conversation: ConversationId,
        page: PageRequest,
    ) -> Result<Page<Turn>, StoreError> {
        let start = page.start();
        let rows = self
            .engine()
            .fetch_all(
                "select id, conversation_id, project_id, user_id, status, created_at, updated_at
                from turns
                where conversation_id = $1
                    and user_id = $2
                    and (created_at < $3 or (created_at = $3 and id < $4))
                order by created_at desc, id desc
                limit $5",
                args![conversation, user, start.at, start.id, page.fetch_limit()],
            )
            .await?;
        if rows.is_empty() {
            self.get_conversation(user, conversation).await?;
        }
        let items = rows.iter().map(turn).collect::<Result<_, _>>()?;
        Ok(page.page(items, |t: &Turn| Cursor { at: t.created_at, id: t.id.as_uuid() }))
    }

    /// How many of a user's turns run or wait.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_turns_in_progress(&self, user: &UserId) -> Result<i64, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                "select count(*) as turns
                from turns
                where user_id = $1
                    and status in ('running', 'waiting')",
                args![user],
            )
            .await?;
        row.map_or(Ok(0), |row| Ok(row.int("turns")?))
    }

    /// Asks a turn to stop, wherever it runs: sets the flag and tells every host. A parked turn becomes claimable.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn request_stop(&self, user: &UserId, id: TurnId) -> Result<Stop, StoreError> {
        again_on_conflict!(self.try_request_stop(user, id))
    }

    async fn try_request_stop(&self, user: &UserId, id: TurnId) -> Result<Stop, StoreError> {
        let now = self.now();
        let mut tx = self.prompt().begin().await?;
        let row = tx
            .fetch_optional(
                Sql::Each {
                    sqlite: "select status, lease_expires_at <= $3 as is_free
                    from turns
                    where id = $1
                        and user_id = $2",
                    postgres: "select status, lease_expires_at <= statement_timestamp() + $3 as is_free
                    from turns
                    where id = $1
                        and user_id = $2
                    for update",
                },
                args![id, user, self.lease_now()],
            )
            .await?
            .ok_or(StoreError::NotFound("execution"))?;
        let status = status(&row)?;
        if status.is_final() {
            return Ok(Stop::Ended(status));
        }
        let claimable = status == TurnStatus::Waiting || row.bool("is_free")?;
        tx.execute(
            on_lease_clock!("update turns
            set stop_requested = $1,
                status = 'running',
                lease_expires_at = case when status = 'waiting' then " [2] " else lease_expires_at end,
                updated_at = case when status = 'waiting' then $3 else updated_at end
            where id = $4"),
            args![true, self.lease_now(), now, id],
        )
        .await?;
        tx.commit().await?;
        self.notices().stop_requested(self.prompt(), &[id]).await;
        Ok(Stop::Requested { claimable })
    }
}
