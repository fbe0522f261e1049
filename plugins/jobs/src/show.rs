//! Jobs and runs in words.

use bricklayer_sdk::{Platform, cut_text};

use crate::types;
use crate::wire::{Run, Task};

/// Characters of a message in a table.
const MESSAGE_CHARS: usize = 300;

/// A link in Markdown; the words alone where there is none.
pub(crate) fn link(words: &str, url: Option<&str>) -> String {
    match url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => format!("[{words}](<{}>)", url.replace(['<', '>', '\n'], "")),
        None => words.to_owned(),
    }
}

/// Where a person sees a job.
pub(crate) fn job_link(platform: &impl Platform, id: u64) -> Option<String> {
    let host = platform.context().workspace_host?;
    let host = host.trim_end_matches('/');
    Some(if host.contains("://") { format!("{host}/jobs/{id}") } else { format!("https://{host}/jobs/{id}") })
}

/// One line about where a run stands, with its link.
pub(crate) fn headline(run: &Run) -> String {
    let named = if run.run_name.is_empty() { String::new() } else { format!(" ({})", run.run_name) };
    let took = run.seconds().map(|seconds| format!(" after {seconds} s")).unwrap_or_default();
    let took = if run.state.has_ended() { took } else { String::new() };
    let words = format!("Run {}{named}", run.run_id);
    format!("{}: {}{took}", link(&words, run.run_page_url.as_deref()), run.state.word())
}

/// A table of the newest attempt at each task.
pub(crate) fn tasks(run: &Run) -> String {
    let rows: Vec<Vec<Option<String>>> = run
        .newest()
        .into_iter()
        .map(|task| {
            let message = task.state.state_message.as_deref().filter(|text| !text.is_empty());
            vec![
                Some(task.task_key.clone()),
                Some(task.state.word().to_owned()),
                Some(task.run_id.to_string()),
                message.map(|text| cut_text(text, MESSAGE_CHARS)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "It has no tasks.".to_owned();
    }
    bricklayer_sdk::Table::render(&["task", "state", "run_id", "message"], &rows, bricklayer_sdk::Cut::default()).text
}

/// How far a run is, task by task, in one line.
pub(crate) fn progress(run: &Run) -> String {
    let tasks = run.newest();
    let ended = tasks.iter().filter(|task| task.state.has_ended()).count();
    let going: Vec<&str> = tasks
        .iter()
        .filter(|task| matches!(task.state.life_cycle_state.as_str(), "RUNNING" | "PENDING" | "TERMINATING"))
        .map(|task| task.task_key.as_str())
        .collect();
    let failed: Vec<&str> =
        tasks.iter().filter(|task| task.state.failed()).map(|task| task.task_key.as_str()).collect();
    let mut line = format!("Run {}: {ended} of {} tasks ended", run.state.life_cycle_state.to_lowercase(), tasks.len());
    for (word, keys) in [("running", going), ("failed", failed)] {
        if !keys.is_empty() {
            line.push_str(&format!("; {word}: {}", keys.join(", ")));
        }
    }
    line
}

/// A run as its type has it.
pub(crate) fn run(run: &Run, text: String) -> types::Run {
    types::Run {
        text,
        run_id: run.run_id,
        job_id: run.job(),
        name: run.run_name.clone(),
        state: run.state.life_cycle_state.clone(),
        result: run.state.result_state.clone(),
        ended: run.state.has_ended(),
        tasks: run.newest().into_iter().map(task).collect(),
        link: run.run_page_url.clone(),
    }
}

fn task(task: &Task) -> types::TaskState {
    types::TaskState {
        task_key: task.task_key.clone(),
        run_id: task.run_id,
        attempt: task.attempt_number,
        state: task.state.life_cycle_state.clone(),
        result: task.state.result_state.clone(),
        message: task.state.state_message.clone().filter(|text| !text.is_empty()),
        depends_on: task.depends_on.iter().map(|on| on.task_key.clone()).collect(),
        link: task.run_page_url.clone(),
    }
}

/// A run in a list.
pub(crate) fn summary(run: &Run) -> types::RunSummary {
    types::RunSummary {
        run_id: run.run_id,
        job_id: run.job(),
        name: run.run_name.clone(),
        state: run.state.life_cycle_state.clone(),
        result: run.state.result_state.clone(),
        started_ms: run.start_time,
        seconds: run.seconds(),
        link: run.run_page_url.clone(),
    }
}

/// Runs as a table.
pub(crate) fn run_table(runs: &[Run]) -> String {
    let rows: Vec<Vec<Option<String>>> = runs
        .iter()
        .map(|run| {
            vec![
                Some(link(&run.run_id.to_string(), run.run_page_url.as_deref())),
                run.job().map(|id| id.to_string()),
                Some(run.run_name.clone()),
                Some(run.state.word().to_owned()),
                run.start_time.map(moment),
                run.seconds().map(|seconds| seconds.to_string()),
            ]
        })
        .collect();
    let columns = ["run", "job", "name", "state", "began (UTC)", "seconds"];
    bricklayer_sdk::Table::render(&columns, &rows, bricklayer_sdk::Cut::default()).text
}

/// A moment as `2024-02-29 06:00:00`, in UTC.
pub(crate) fn moment(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date by the civil calendar, from a year that begins in March.
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest % 3_600 / 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Head and end of a text: what failed is said last.
pub(crate) fn end_of(text: &str, most_chars: usize) -> String {
    let count = text.chars().count();
    if count <= most_chars {
        return text.to_owned();
    }
    let end: String = text.chars().skip(count - most_chars).collect();
    format!("… ({} characters before this)\n{end}", count - most_chars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        for (millis, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_736_935_199_999, "2025-01-15 09:59:59"),
        ] {
            assert_eq!(moment(millis), expected);
        }
    }

    #[test]
    fn links_are_links_only_to_the_web() {
        assert_eq!(link("run 1", Some("https://w/?o=1#job/2/run/1")), "[run 1](<https://w/?o=1#job/2/run/1>)");
        assert_eq!(link("run 1", Some("javascript:alert(1)")), "run 1");
        assert_eq!(link("run 1", None), "run 1");
    }

    #[test]
    fn the_end_of_a_text_is_kept() {
        assert_eq!(end_of("abc", 3), "abc");
        assert_eq!(end_of("abcdé", 2), "… (3 characters before this)\ndé");
    }
}
