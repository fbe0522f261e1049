//! What users pay models for: added up while the ends of calls are stored, so that asking costs a few rows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bricklayer_domain::{ConversationId, Event, Usage, UserId, day_of};
use chrono::{DateTime, Utc};

use crate::engine::{Arg, Tx};
use crate::multi_insert::MultiInsert;

/// Longest name of a model in the sums, in characters.
const MAX_MODEL_CHARS: usize = 500;

/// Numbers that a provider gave are cut here, so that no sum of them ever overflows.
const MAX_COUNTED: u64 = 1 << 40;

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
