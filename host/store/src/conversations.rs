//! Conversations.

use bricklayer_domain::{
    Conversation, ConversationId, EventSeq, NewestTurn, ProjectId, Title, TurnId, TurnSettings, UserId,
    is_bidi_control, is_unseen,
};
use chrono::{DateTime, Utc};

use crate::engine::{Row, Sql, Tx, args};
use crate::error::{StoreError, again_on_conflict, is_foreign_key_violation};
use crate::page::{Cursor, Page, PageRequest};
use crate::projects::turn_ids;
use crate::rows::{status, to_json};
use crate::store::Store;

/// The title of a conversation that nobody has named and nothing was said in.
pub const DEFAULT_CONVERSATION_TITLE: &str = "New conversation";

/// Characters of the first message that become the temporary title.
const TEMPORARY_TITLE_CHARS: usize = 40;

/// The beginning of a message as a title: one line, cut at a word.
pub(crate) fn temporary_title(message: &str) -> String {
    let words = message
        .split(|c: char| c.is_whitespace() || c.is_control() || is_bidi_control(c))
        .filter(|word| !word.chars().all(is_unseen));
    let mut title = String::new();
    for word in words {
        let room = TEMPORARY_TITLE_CHARS.saturating_sub(title.chars().count() + usize::from(!title.is_empty()));
        if word.chars().count() > room {
            if title.is_empty() {
                title.extend(word.chars().take(TEMPORARY_TITLE_CHARS));
            }
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
    }
    if title.is_empty() { DEFAULT_CONVERSATION_TITLE.to_owned() } else { title }
}

/// Conversations with their newest turn, whose `last_seq` is the end of the conversation's log.
macro_rules! select_conversations {
    () => {
        "select c.id, c.project_id, c.user_id, c.title, c.settings, c.created_at, c.updated_at,
            (select count(*) from turns where conversation_id = c.id) as turn_count,
            t.id as turn_id, t.status, coalesce(t.last_seq, 0) as last_seq
        from conversations as c
        left join turns as t on t.conversation_id = c.id
            and t.first_seq = (select max(first_seq) from turns where conversation_id = c.id)
        "
    };
}

fn newest_turn(row: &Row) -> Result<Option<NewestTurn>, StoreError> {
    let Some(id) = row.maybe_uuid("turn_id")? else { return Ok(None) };
    let last_seq = EventSeq(row.int("last_seq")?);
    Ok(Some(NewestTurn { id: TurnId::from_uuid(id), status: status(row)?, last_seq }))
}

fn conversation(row: &Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: ConversationId::from_uuid(row.uuid("id")?),
        project: ProjectId::from_uuid(row.uuid("project_id")?),
        user: UserId::parse(&row.text("user_id")?).map_err(|e| StoreError::inconsistent("conversations", e))?,
        title: row.text("title")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        settings: serde_json::from_str(&row.text("settings")?)
            .map_err(|e| StoreError::inconsistent("conversations", e))?,
        turn_count: row.int("turn_count")?,
        newest_turn: newest_turn(row)?,
    })
}

impl Store {
    /// Makes a conversation; without a title it gets the default one, which the first message replaces.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, or the database's failure.
    pub async fn create_conversation(
        &self,
        user: &UserId,
        project: ProjectId,
        title: Option<&Title>,
    ) -> Result<Conversation, StoreError> {
        let now = self.now();
        let conversation = Conversation {
            id: ConversationId::new(),
            project,
            user: user.clone(),
            title: title.map_or(DEFAULT_CONVERSATION_TITLE, Title::as_str).to_owned(),
            created_at: now,
            updated_at: now,
            settings: TurnSettings::default(),
            turn_count: 0,
            newest_turn: None,
        };
        let mut tx = self.engine().begin().await?;
        insert_conversation(&mut tx, user, project, conversation.id, &conversation.title, now).await?;
        tx.commit().await?;
        self.announce(project, Some(conversation.id)).await;
        Ok(conversation)
    }

    /// A project's conversations, the one used last first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, or the database's failure.
    pub async fn list_conversations(
        &self,
        user: &UserId,
        project: ProjectId,
        page: PageRequest,
    ) -> Result<Page<Conversation>, StoreError> {
        let start = page.start();
        let rows = self
            .engine()
            .fetch_all(
                concat!(
                    select_conversations!(),
                    "where c.project_id = $1
                        and c.user_id = $2
                        and (c.updated_at < $3 or (c.updated_at = $3 and c.id < $4))
                    order by c.updated_at desc, c.id desc
                    limit $5"
                ),
                args![project, user, start.at, start.id, page.fetch_limit()],
            )
            .await?;
        if rows.is_empty() {
            self.get_project(user, project).await?;
        }
        let items = rows.iter().map(conversation).collect::<Result<_, _>>()?;
        Ok(page.page(items, |c: &Conversation| Cursor { at: c.updated_at, id: c.id.as_uuid() }))
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn get_conversation(&self, user: &UserId, id: ConversationId) -> Result<Conversation, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                concat!(
                    select_conversations!(),
                    "where c.id = $1
                        and c.user_id = $2"
                ),
                args![id, user],
            )
            .await?;
        conversation(&row.ok_or(StoreError::NotFound("conversation"))?)
    }

    /// Gives a conversation another title.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn rename_conversation(
        &self,
        user: &UserId,
        id: ConversationId,
        title: &Title,
    ) -> Result<Conversation, StoreError> {
        self.engine()
            .write(
                "update conversations
                set title = $1
                where id = $2
                    and user_id = $3",
                args![title.as_str(), id, user],
            )
            .await?;
        let conversation = self.get_conversation(user, id).await?;
        self.announce(conversation.project, Some(id)).await;
        Ok(conversation)
    }

    /// Remembers what the user chose, without a turn.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn set_conversation_settings(
        &self,
        user: &UserId,
        id: ConversationId,
        settings: &TurnSettings,
    ) -> Result<Conversation, StoreError> {
        let settings = to_json("conversations", settings)?;
        self.engine()
            .write(
                "update conversations
                set settings = $1
                where id = $2
                    and user_id = $3",
                args![settings.as_str(), id, user],
            )
            .await?;
        self.get_conversation(user, id).await
    }

    /// Deletes a conversation with its log; returns its turn in progress, see [`Store::delete_project`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn delete_conversation(&self, user: &UserId, id: ConversationId) -> Result<Option<TurnId>, StoreError> {
        let turns = again_on_conflict!(self.try_delete_conversation(user, id))?;
        self.notices().stop_requested(self.engine(), &turns).await;
        Ok(turns.first().copied())
    }

    async fn try_delete_conversation(&self, user: &UserId, id: ConversationId) -> Result<Vec<TurnId>, StoreError> {
        let mut tx = self.patient().begin().await?;
        // Turns before their conversation, which is the order of appending.
        let active = tx
            .fetch_all(
                Sql::Each {
                    sqlite: "select id
                    from turns
                    where conversation_id = $1
                        and user_id = $2
                        and status in ('running', 'waiting')
                    order by id",
                    postgres: "select id
                    from turns
                    where conversation_id = $1
                        and user_id = $2
                        and status in ('running', 'waiting')
                    order by id
                    for update",
                },
                args![id, user],
            )
            .await?;
        let deleted = tx
            .fetch_optional(
                "delete from conversations
                where id = $1
                    and user_id = $2
                returning project_id",
                args![id, user],
            )
            .await?
            .ok_or(StoreError::NotFound("conversation"))?;
        tx.commit().await?;
        self.announce(ProjectId::from_uuid(deleted.uuid("project_id")?), Some(id)).await;
        turn_ids(&active)
    }
}

/// Inserts a conversation in the caller's transaction.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such project of this user's, also when it is deleted in the same moment.
pub(crate) async fn insert_conversation(
    tx: &mut Tx,
    user: &UserId,
    project: ProjectId,
    id: ConversationId,
    title: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let settings = to_json("conversations", &TurnSettings::default())?;
    let inserted = tx
        .execute(
            "insert into conversations (id, project_id, user_id, title, settings, created_at, updated_at)
            select $1, id, user_id, $2, $3, $4, $4
            from projects
            where id = $5
                and user_id = $6",
            args![id, title, settings.as_str(), at, project, user],
        )
        .await;
    match inserted {
        Ok(0) => Err(StoreError::NotFound("project")),
        Ok(_) => Ok(()),
        Err(error) if is_foreign_key_violation(&error) => Err(StoreError::NotFound("project")),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_titles_are_one_short_line() {
        for (message, title) in [
            ("hello", "hello"),
            ("  two\n\nlines ", "two lines"),
            ("", DEFAULT_CONVERSATION_TITLE),
            ("\u{0}\n", DEFAULT_CONVERSATION_TITLE),
            ("\u{200b} \u{feff}", DEFAULT_CONVERSATION_TITLE),
            ("drop \u{202e}elbat", "drop elbat"),
            ("What are the busiest pickup hours in samples.nyctaxi.trips?", "What are the busiest pickup hours in…"),
            (&"x".repeat(100), &format!("{}…", "x".repeat(40))),
        ] {
            assert_eq!(temporary_title(message), title);
            assert!(Title::parse(&temporary_title(message)).is_ok());
        }
    }
}
