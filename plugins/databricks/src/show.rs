//! Things of the workspace in words: links, moments, ends of long texts.

use std::net::IpAddr;

use bricklayer_sdk::Platform;

/// A link in Markdown; the words alone where there is none.
#[must_use]
pub fn link(words: &str, url: Option<&str>) -> String {
    match url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => format!("[{words}](<{}>)", url.replace(['<', '>', '\n'], "")),
        None => words.to_owned(),
    }
}

/// Where a person sees a page of the workspace; none when its address is not known.
pub fn workspace_link(platform: &impl Platform, path: &str) -> Option<String> {
    let host = platform.context().workspace_host?;
    Some(format!("{}{path}", address(&host)))
}

/// The address of a workspace whose host and port are these. One on this machine speaks plain HTTP, any other never.
#[must_use]
pub fn address(host: &str) -> String {
    let host = host.trim_end_matches('/');
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_here = name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
    match host {
        _ if host.contains("://") => host.to_owned(),
        _ if is_here => format!("http://{host}"),
        _ => format!("https://{host}"),
    }
}

/// A moment as `2024-02-29 06:00:00`, in UTC.
#[must_use]
pub fn moment(millis: u64) -> String {
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
#[must_use]
pub fn end_of(text: &str, most_chars: usize) -> String {
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
    fn a_workspace_on_this_machine_speaks_http() {
        for (host, expected) in [
            ("w.example", "https://w.example"),
            ("w.example/", "https://w.example"),
            ("w.example:8443", "https://w.example:8443"),
            ("127.0.0.1:43091", "http://127.0.0.1:43091"),
            ("localhost", "http://localhost"),
            ("localhost.example", "https://localhost.example"),
            ("[::1]:80", "http://[::1]:80"),
            ("[2001:db8::1]:80", "https://[2001:db8::1]:80"),
            ("10.0.0.1", "https://10.0.0.1"),
            ("http://w.example", "http://w.example"),
        ] {
            assert_eq!(address(host), expected);
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
