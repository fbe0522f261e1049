//! Pages that notebooks were exported as: the notebook is in them, as JSON in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Refused, model};
use crate::analysis::Format;
use crate::cell::Notebook;

/// What the notebook is assigned to in the page's script.
const MODEL: &str = "__DATABRICKS_NOTEBOOK_MODEL";

pub(super) fn is(text: &str) -> bool {
    text.trim_start().starts_with('<') && text.contains(MODEL)
}

pub(super) fn read(about: Notebook, text: &str) -> Result<Notebook, Refused> {
    let malformed = |why: &str| Refused::Malformed { what: "exported notebook", why: why.to_owned() };
    let (_, behind) = text.split_once(MODEL).ok_or_else(|| malformed("the page holds no notebook"))?;
    let quoted = behind.trim_start().strip_prefix('=').map(str::trim_start).unwrap_or_default();
    let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let quote = quote.ok_or_else(|| malformed("the notebook in the page is no text"))?;
    let encoded = quoted.get(1..).unwrap_or_default().split(quote).next().unwrap_or_default();
    let decoded = STANDARD.decode(encoded).map_err(|_| malformed("the notebook in the page is no base64"))?;
    let json = percent_decoded(&decoded);
    let (language, cells) = model::read(&String::from_utf8_lossy(&json))?;
    Ok(Notebook { format: Format::Html, language: Some(language), cells, ..about })
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, behind)) = rest.split_first() {
        let hex = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(meant) => {
                decoded.push(meant);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*byte);
                rest = behind;
            }
        }
    }
    decoded
}
