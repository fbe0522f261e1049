//! Progress of a call, for whoever gave a token for it.

use std::sync::Arc;

use bricklayer_domain::Progress;
use bricklayer_tools::ProgressSink;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};
use tokio::sync::mpsc;

/// Reports that wait for a client at most; a slower one misses some.
const WAITING: usize = 16;

/// How far a report moves progress that its call does not count: the protocol asks that it grows each time.
const STEP: f64 = 0.001;

/// A sink, and the work of telling what it takes until the call is over.
pub(crate) fn telling(peer: Peer<RoleServer>, token: ProgressToken) -> (ProgressSink, impl Future<Output = ()> + Send) {
    let (sender, mut receiver) = mpsc::channel::<Progress>(WAITING);
    // Dropped when nobody keeps up.
    let sink: ProgressSink = Arc::new(move |progress| drop(sender.try_send(progress)));
    let tell = async move {
        let mut told = Told::default();
        while let Some(progress) = receiver.recv().await {
            let report = told.next(&token, progress);
            if peer.notify_progress(report).await.is_err() {
                return;
            }
        }
    };
    (sink, tell)
}

/// What was told last.
#[derive(Debug, Default)]
struct Told(f64);

impl Told {
    /// The next report; its number is greater than the one before.
    fn next(&mut self, token: &ProgressToken, progress: Progress) -> ProgressNotificationParam {
        let Progress { message, done, total, steps: _ } = progress;
        let grown = done.filter(|done| done.is_finite() && *done > self.0);
        self.0 = grown.unwrap_or(self.0 + STEP);
        let mut report = ProgressNotificationParam::new(token.clone(), self.0);
        report.total = total.filter(|total| total.is_finite() && *total >= self.0);
        report.message = (!message.is_empty()).then_some(message);
        report
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::NumberOrString;

    use super::*;

    #[test]
    fn progress_grows_whatever_the_tool_says() {
        let token = ProgressToken(NumberOrString::Number(1));
        let mut told = Told::default();
        let mut last = 0.0;
        for done in [None, Some(1.0), Some(1.0), Some(0.5), Some(f64::NAN), Some(f64::INFINITY), None, Some(3.0)] {
            let progress = Progress { message: "m".into(), done, total: Some(3.0), steps: Vec::new() };
            let report = told.next(&token, progress);
            assert!(report.progress > last && report.progress.is_finite(), "{done:?}: {report:?}");
            last = report.progress;
        }
        assert_eq!(last, 3.0);
    }
}
