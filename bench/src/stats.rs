//! Percentiles and the table.

use std::time::Duration;

/// The value below which `share` (0 to 1) of the samples lie.
pub(crate) fn percentile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (last as f64 * share).round() as usize;
    samples.get(index).copied().unwrap_or_default()
}

/// Milliseconds with three digits.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

/// Rows of the report: what, measured, aim.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<[String; 3]>);

impl Table {
    pub(crate) fn row(&mut self, what: &str, measured: String, aim: &str) {
        eprintln!("{what}: {measured}");
        self.0.push([what.to_owned(), measured, aim.to_owned()]);
    }

    #[expect(clippy::print_stdout, reason = "the report is the output of this program")]
    pub(crate) fn print(&self) {
        println!("| what | measured | aim |\n|---|---|---|");
        for [what, measured, aim] in &self.0 {
            println!("| {what} | {measured} | {aim} |");
        }
    }
}
