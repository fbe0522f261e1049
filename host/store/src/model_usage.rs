//! What users paid models for, as it was added up.

use bricklayer_domain::{ConversationId, DayUsage, ModelUsage, Usage, UserId, day_of};

use crate::engine::{Row, args};
use crate::error::StoreError;
use crate::store::Store;

/// Rows of one answer at most: a user has a handful of models a day.
const MAX_ROWS: i64 = 10_000;

/// What a user has spent until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spending {
    /// By all calls of one conversation.
    pub conversation: Usage,
    /// By all calls of theirs today (UTC), deleted conversations included.
    pub today: Usage,
}

/// The sums, as columns of a select.
macro_rules! select_sums {
    ($before:literal, $after:literal) => {
        concat!(
            "select ",
            $before,
            "cast(coalesce(sum(calls), 0) as bigint) as calls,
            cast(coalesce(sum(input_tokens), 0) as bigint) as input_tokens,
            cast(coalesce(sum(output_tokens), 0) as bigint) as output_tokens,
            cast(coalesce(sum(cache_creation_input_tokens), 0) as bigint) as cache_creation_input_tokens,
            cast(coalesce(sum(cache_read_input_tokens), 0) as bigint) as cache_read_input_tokens,
            cast(coalesce(sum(cost_micro_usd), 0) as bigint) as cost_micro_usd
            from model_usage ",
            $after
        )
    };
}

fn number(row: &Row, column: &str) -> Result<u64, sqlx::Error> {
    Ok(u64::try_from(row.int(column)?).unwrap_or_default())
}

fn usage_of(row: &Row) -> Result<Usage, sqlx::Error> {
    Ok(Usage {
        input_tokens: number(row, "input_tokens")?,
        output_tokens: number(row, "output_tokens")?,
        cache_creation_input_tokens: number(row, "cache_creation_input_tokens")?,
        cache_read_input_tokens: number(row, "cache_read_input_tokens")?,
        cost_micro_usd: number(row, "cost_micro_usd")?,
    })
}

fn model_usage_of(row: &Row) -> Result<ModelUsage, sqlx::Error> {
    Ok(ModelUsage { model: row.text("model")?, calls: number(row, "calls")?, usage: usage_of(row)? })
}

impl Store {
    /// What a conversation of this user's took, by model, the dearest first. Another user's, or one that there never was,
    /// took nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversation_usage(
        &self,
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<Vec<ModelUsage>, StoreError> {
        let sql = select_sums!(
            "model, ",
            "where conversation_id = $1
                and user_id = $2
            group by model
            order by sum(cost_micro_usd) desc, sum(output_tokens) desc, model
            limit $3"
        );
        let rows = self.engine().fetch_all(sql, args![conversation, user, MAX_ROWS]).await?;
        Ok(rows.iter().map(model_usage_of).collect::<Result<_, _>>()?)
    }

    /// What a user spent on each day since one (days since 1970, UTC), by model, the newest day first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn daily_usage(&self, user: &UserId, since: i64) -> Result<Vec<DayUsage>, StoreError> {
        let sql = select_sums!(
            "day, model, ",
            "where user_id = $1
                and day >= $2
            group by day, model
            order by day desc, sum(cost_micro_usd) desc, model
            limit $3"
        );
        let rows = self.engine().fetch_all(sql, args![user, since, MAX_ROWS]).await?;
        let of = |row: &Row| Ok(DayUsage { day: row.int("day")?, of: model_usage_of(row)? });
        Ok(rows.iter().map(of).collect::<Result<_, sqlx::Error>>()?)
    }

    /// What budgets are held against; of a conversation that is not there yet, nothing was spent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn spending(&self, user: &UserId, conversation: Option<ConversationId>) -> Result<Spending, StoreError> {
        let of_conversation = select_sums!("", "where conversation_id = $1 and user_id = $2");
        let of_day = select_sums!("", "where user_id = $1 and day = $2");
        let today = day_of(self.now());
        let conversation = match conversation {
            Some(id) => self.engine().fetch_optional(of_conversation, args![id, user]).await?,
            None => None,
        };
        let today = self.engine().fetch_optional(of_day, args![user, today]).await?;
        let sum = |row: Option<Row>| row.as_ref().map_or(Ok(Usage::default()), usage_of);
        Ok(Spending { conversation: sum(conversation)?, today: sum(today)? })
    }

    /// Forgets what was spent before a day (days since 1970, UTC); says how many rows that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_model_usage(&self, before: i64) -> Result<u64, StoreError> {
        let mut tx = self.engine().begin().await?;
        let removed = tx.execute("delete from model_usage where day < $1", args![before]).await?;
        tx.commit().await?;
        Ok(removed)
    }
}
