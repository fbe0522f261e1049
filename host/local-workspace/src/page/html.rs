//! The page's HTML. Whatever comes from the workspace goes through [`text`].

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::http::section::{Column, Kind, Section};

/// Rows of one table on the page.
const MOST_ROWS: usize = 200;

/// Longest value that is shown whole, in characters.
const MOST_CHARACTERS: usize = 300;

/// A section with what the API answered for it.
pub(super) struct Shown<'a> {
    pub(super) section: &'a Section,
    /// What it is of, where that is more than the workspace.
    pub(super) of: Option<String>,
    /// The answer's body, or why there is none.
    pub(super) answer: Result<Value, String>,
}

/// Text as HTML that shows it.
fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What would turn the line around or hide a part of it.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// A part of an address.
pub(super) fn percent(raw: &str) -> String {
    raw.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"stylesheet\" href=\"/_page/style.css\"></head><body>{body}</body></html>",
        title = text(title)
    )
}

/// The form that asks for a token.
pub(super) fn sign_in(refused: Option<&str>) -> String {
    let refused = refused.map(|why| format!("<p role=\"alert\">{}</p>", text(why))).unwrap_or_default();
    let body = format!(
        "<main class=\"narrow\"><h1>Local workspace</h1>{refused}<form method=\"post\" action=\"/\">\
         <label for=\"token\">Access token</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" required autofocus>\
         <button>Look at it</button></form>\
         <p>The token that the workspace was started with (<code>--token</code>). Nothing can be changed here.</p></main>"
    );
    whole("Local workspace", &body)
}

/// The page for someone who is signed in.
pub(super) fn page(user: &str, is_start: bool, shown: &[Shown<'_>]) -> String {
    let mut body = format!(
        "<header><h1><a href=\"/\">Local workspace</a></h1><form method=\"post\" action=\"/\">\
         <span>{}</span><input type=\"hidden\" name=\"token\" value=\"\"><button>Sign out</button></form></header>",
        text(user)
    );
    if is_start {
        body.push_str("<nav aria-label=\"Sections\"><ul>");
        for Shown { section, .. } in shown {
            let _ = write!(body, "<li><a href=\"#{}\">{}</a></li>", section.id, text(section.title));
        }
        body.push_str("</ul></nav>");
    }
    body.push_str("<main>");
    for one in shown {
        body.push_str(&table(one));
    }
    body.push_str("</main>");
    whole("Local workspace", &body)
}

fn table(Shown { section, of, answer }: &Shown<'_>) -> String {
    let of = of.as_ref().map(|of| format!(" <small>{}</small>", text(of))).unwrap_or_default();
    let (id, title) = (section.id, text(section.title));
    let mut html =
        format!("<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}{of}</h2>");
    let items = match answer {
        Ok(answer) => answer.get(section.list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default(),
        Err(why) => {
            let _ = write!(html, "<p role=\"alert\">{}</p></section>", text(why));
            return html;
        }
    };
    if items.is_empty() {
        html.push_str("<p>Nothing here.</p></section>");
        return html;
    }
    let label = format!("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-labelledby=\"{id}-title\">");
    html.push_str(&label);
    html.push_str("<table><thead><tr>");
    for column in section.columns {
        let _ = write!(html, "<th scope=\"col\">{}</th>", text(column.title));
    }
    html.push_str("</tr></thead><tbody>");
    for item in items.iter().take(MOST_ROWS) {
        html.push_str("<tr>");
        for (number, column) in section.columns.iter().enumerate() {
            if let Kind::Opens(opens) = column.kind {
                let link = item.pointer(column.value).and_then(plain).map(|of| link(opens, &of, &text(column.title)));
                let _ = write!(html, "<td>{}</td>", link.unwrap_or_default());
                continue;
            }
            let value = text(&value(item, column));
            match (number, section.opens.and_then(|(opens, of)| Some((opens, plain(item.pointer(of)?)?)))) {
                (0, Some((opens, of))) => {
                    let _ = write!(html, "<td>{}</td>", link(opens, &of, &value));
                }
                _ => {
                    let _ = write!(html, "<td>{value}</td>");
                }
            }
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
    let has_more = answer.as_ref().is_ok_and(|answer| answer.get("next_page_token").is_some());
    if items.len() > MOST_ROWS || has_more {
        let shown = items.len().min(MOST_ROWS);
        let _ = write!(html, "<p>The first {shown}; the API has the others.</p>");
    }
    html.push_str("</section>");
    html
}

/// Leads to a section; `shown` is HTML.
fn link(section: &str, of: &str, shown: &str) -> String {
    format!("<a href=\"/?show={section}&amp;of={}\">{shown}</a>", percent(of))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn value(item: &Value, column: &Column) -> String {
    let Some(found) = item.pointer(column.value) else { return String::new() };
    let time = || found.as_i64().filter(|_| column.kind == Kind::Time).and_then(DateTime::<Utc>::from_timestamp_millis);
    let shown = match time() {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => plain(found).unwrap_or_default(),
    };
    match shown.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::section;

    const SECTION: Section = Section {
        id: "things",
        title: "Things",
        path: "/things",
        list: "things",
        columns: &[
            section::text("Name", "/name"),
            section::time("Made", "/made"),
            section::opens("Its <others>", "others", "/name"),
        ],
        of: None,
        opens: Some(("parts", "/name")),
        link: None,
    };

    fn shown(answer: Result<Value, String>) -> String {
        page("<b>ann</b>", false, &[Shown { section: &SECTION, of: Some("<i>".to_owned()), answer }])
    }

    #[test]
    fn names_with_markup_are_shown_as_they_are() {
        let name = "<script>alert(1)</script>\" onload='x' & \u{202e}evil\u{0}";
        let html = shown(Ok(json!({"things": [{"name": name, "made": 0}]})));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp; \u{fffd}evil "));
        assert!(
            html.contains("?show=others&amp;of=%3Cscript%3E") && html.contains(">Its &lt;others&gt;</a>"),
            "{html}"
        );
        assert!(html.contains("show=parts&amp;of=%3Cscript%3E") && html.contains("1970-01-01 00:00:00 UTC"), "{html}");
        for raw in ["<script", "<b>", "<i>", "'x'", "\u{202e}"] {
            assert!(!html.contains(raw), "{raw}: {html}");
        }
        let html = shown(Err("<img src=x>".to_owned())) + &sign_in(Some("<img src=x>"));
        assert!(!html.contains("<img"), "{html}");
    }

    #[test]
    fn answers_of_any_shape_are_shown() {
        for answer in [json!({}), json!([]), json!(null), json!({"things": 7}), json!({"things": []})] {
            assert!(shown(Ok(answer)).contains("Nothing here."));
        }
        let odd = json!({"things": [null, {"name": ["<"], "made": "x"}, {"name": "é".repeat(400)}]});
        let html = shown(Ok(odd));
        assert!(html.contains("[&quot;&lt;&quot;]") && html.contains('…'), "{html}");
        let many = json!({"things": vec![json!({"name": "x"}); MOST_ROWS + 1]});
        assert!(shown(Ok(many)).contains("The first 200;"));
    }
}
