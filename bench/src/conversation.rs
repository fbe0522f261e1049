//! What a turn costs in a conversation that grows: each goes on from all that was said before.

use std::time::Duration;

use anyhow::Result;

use crate::client::User;
use crate::host::Host;
use crate::stats::{Table, ms, percentile};

/// The turns that are told of.
const TOLD: [usize; 3] = [1, 100, 1_000];

/// Turns around each of them, for a median.
const AROUND: usize = 10;

/// Takes one conversation to its thousandth turn.
pub(crate) async fn measure(table: &mut Table, host: &Host) -> Result<()> {
    let user = User::new(&host.base, "long@example.com").await?;
    // The user's first turn of all also fills caches; it is not what is asked about.
    user.turn("turn").await?;
    let mut conversation = None;
    let (mut samples, mut used): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for turn in 1..=TOLD.into_iter().max().unwrap_or_default() + AROUND {
        let cpu = host.cpu()?;
        samples.push(user.turn_in(&mut conversation, "turn").await?);
        used.push(host.cpu()? - cpu);
        let Some(told) = TOLD.into_iter().find(|told| told + AROUND - 1 == turn) else { continue };
        let last = turn - AROUND;
        let p50 = percentile(&mut samples[last..].to_vec(), 0.5);
        table.row(&format!("a conversation's turn {told}, p50 of {AROUND}"), ms(p50), "");
        let cpu: Duration = used[last..].iter().sum();
        table.row("CPU of it", ms(cpu / u32::try_from(AROUND)?), "");
    }
    Ok(())
}
