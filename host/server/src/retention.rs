//! Forgetting audit records that the operator no longer wants, and what models took long ago.

use std::time::Duration;

use bricklayer_domain::{chain, day_of};
use bricklayer_store::Store;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

/// How often old records are looked for: the setting counts in days.
const INTERVAL: Duration = Duration::from_secs(3600);

/// How long it is known what models took: a year can be compared with the one before.
const USAGE_DAYS: i64 = 400;

/// Removes records older than so many days, now and every hour, until `leave` fires.
pub(crate) async fn run(store: Store, days: u32, leave: CancellationToken) {
    loop {
        match store.prune_audit(bricklayer_domain::now() - TimeDelta::days(days.into())).await {
            Ok(0) => {}
            Ok(records) => tracing::info!(records, days, "forgot old audit records"),
            Err(error) => {
                tracing::warn!(error = chain(&error), "old audit records were not removed; trying again later")
            }
        }
        if let Err(error) = store.prune_model_usage(day_of(bricklayer_domain::now()) - USAGE_DAYS).await {
            tracing::warn!(error = chain(&error), "what models took long ago was not removed; trying again later");
        }
        if leave.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
            return;
        }
    }
}
