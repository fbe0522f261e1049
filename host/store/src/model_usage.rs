//! What users pay models for: added up while the ends of calls are stored, so that asking costs a few rows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bricklayer_domain::{ConversationId, DayUsage, Event, ModelUsage, Usage, UserId, day_of};
use chrono::{DateTime, Utc};

use crate::engine::{Arg, Row, Tx, args};
use crate::error::StoreError;
use crate::multi_insert::MultiInsert;
use crate::store::Store;

/// Rows of one answer at most: a user has a handful of models a day.
const MAX_ROWS: i64 = 10_000;

/// Longest name of a model in the sums, in characters.
const MAX_MODEL_CHARS: usize = 500;

/// Numbers that a provider gave are cut here, so that no sum of them ever overflows.
const MAX_COUNTED: u64 = 1 << 40;

/// What a user has spent until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spending {
    /// By all calls of one conversation.
    pub conversation: Usage,
    /// By all calls of theirs today (UTC), deleted conversations included.
    pub today: Usage,
}

/// Conversation, user, day and model.
type Key<'a> = (ConversationId, UserId, i64, &'a str);

/// What one transaction adds. In the order of keys, so that hosts that meet never lock each other.
#[derive(Debug, Default)]
pub(crate) struct Paid<'a>(BTreeMap<Key<'a>, (i64, Usage)>);

impl<'a> Paid<'a> {
    /// Counts an event, when it is the end of a call.
    pub(crate) fn count(&mut self, conversation: ConversationId, user: &UserId, at: DateTime<Utc>, event: &'a Event) {
        let Some((model, usage)) = event.paid() else { return };
        let model = model.char_indices().nth(MAX_MODEL_CHARS).map_or(model, |(end, _)| &model[..end]);
        let (calls, sum) = self.0.entry((conversation, user.clone(), day_of(at), model)).or_default();
        *calls += 1;
        sum.add(usage);
    }

    pub(crate) async fn add(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let rows: Vec<[Arg<'_>; 10]> = self
            .0
            .iter()
            .map(|((conversation, user, day, model), (calls, usage))| {
                [
                    (*conversation).into(),
                    user.into(),
                    (*day).into(),
                    (*model).into(),
                    (*calls).into(),
                    counted(usage.input_tokens),
                    counted(usage.output_tokens),
                    counted(usage.cache_creation_input_tokens),
                    counted(usage.cache_read_input_tokens),
                    counted(usage.cost_micro_usd),
                ]
            })
            .collect();
        ADD.execute(tx, &rows).await
    }
}

fn counted(number: u64) -> Arg<'static> {
    i64::try_from(number.min(MAX_COUNTED)).unwrap_or(i64::MAX).into()
}

static ADD: LazyLock<MultiInsert<10>> = LazyLock::new(|| {
    MultiInsert::new(
        "insert into model_usage (
            conversation_id, user_id, day, model, calls, input_tokens, output_tokens, cache_creation_input_tokens,
            cache_read_input_tokens, cost_micro_usd
        )
        values",
        "on conflict (conversation_id, user_id, day, model) do update
        set calls = model_usage.calls + excluded.calls,
            input_tokens = model_usage.input_tokens + excluded.input_tokens,
            output_tokens = model_usage.output_tokens + excluded.output_tokens,
            cache_creation_input_tokens = model_usage.cache_creation_input_tokens + excluded.cache_creation_input_tokens,
            cache_read_input_tokens = model_usage.cache_read_input_tokens + excluded.cache_read_input_tokens,
            cost_micro_usd = model_usage.cost_micro_usd + excluded.cost_micro_usd",
    )
});

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
