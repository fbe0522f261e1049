//! repair_bundle.

use std::collections::BTreeMap;

use bricklayer_bundle::{Finding, Repair};
use bricklayer_databricks::project_file::write_text;
use bricklayer_sdk::{Failure, Kind, Platform, cut_text};

use crate::opened::{self, Asked, Read};
use crate::types;

/// Bytes of a file that is mended: what the library reads of a bundle's file.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Lines that the text shows.
const MAX_SHOWN: usize = 40;

/// Characters of a shown line.
const MAX_LINE_CHARS: usize = 200;

/// A line that was mended.
struct Mended {
    repair: types::MendedWord,
    before: String,
    after: String,
}

/// Writes what is meant where a check is certain of it.
///
/// # Errors
/// As validate_bundle; files that cannot be read or written.
pub(crate) fn repair(
    platform: &impl Platform,
    request: types::RepairBundleRequest,
) -> Result<types::RepairedBundle, Failure> {
    let asked = Asked { path: request.bundle_path, target: request.target, variables: request.variables };
    let Read { outcome, folder, .. } = opened::read(platform, asked)?;
    let mut by_file: BTreeMap<&str, Vec<(&Finding, &Repair)>> = BTreeMap::new();
    for finding in &outcome.findings {
        if let (Some(place), Some(repair)) = (&finding.place, &finding.repair) {
            by_file.entry(&place.file).or_default().push((finding, repair));
        }
    }
    let project = platform.project();
    let mut mended = Vec::new();
    for (file, repairs) in by_file {
        let path = project.join(file);
        let failed = |error: std::io::Error| Failure::new(Kind::Failed, format!("{file}: {error}"));
        if std::fs::metadata(&path).map_err(failed)?.len() > MAX_FILE_BYTES {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let of_file = mend(file, &mut lines, repairs);
        if !of_file.is_empty() {
            write_text(&project, file, &lines.join("\n"), true)?;
            mended.extend(of_file);
        }
    }
    let text = text(&folder, &mended);
    Ok(types::RepairedBundle { text, folder, repairs: mended.into_iter().map(|mended| mended.repair).collect() })
}

/// Mends lines of a file, from the last place on, so that what comes before stays where it is.
fn mend(file: &str, lines: &mut [String], mut repairs: Vec<(&Finding, &Repair)>) -> Vec<Mended> {
    repairs.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.place.clone()));
    let mut mended = Vec::new();
    for (finding, repair) in repairs {
        let Some(place) = &finding.place else { continue };
        let Some(line) = place.line.checked_sub(1).and_then(|index| lines.get_mut(index)) else { continue };
        let Some(after) = replaced(line, place.column, repair) else { continue };
        let before = std::mem::replace(line, after.clone());
        let (line, written, instead) = (place.line as u32, repair.written.clone(), repair.instead.clone());
        let repair = types::MendedWord { file: file.to_owned(), line, written, instead };
        mended.push(Mended { repair, before, after });
    }
    mended.reverse();
    mended
}

/// The line with the word at a column written otherwise; none when the word does not stand there, in quotes or without.
fn replaced(line: &str, column: usize, repair: &Repair) -> Option<String> {
    let start = line.char_indices().map(|(at, _)| at).nth(column.checked_sub(1)?)?;
    let (before, rest) = line.split_at_checked(start)?;
    let (quote, word) = match rest.strip_prefix(['"', '\'']) {
        Some(word) => rest.split_at_checked(rest.len() - word.len())?,
        None => ("", rest),
    };
    let after = word.strip_prefix(&repair.written)?;
    let ends = after.chars().next().is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '-'));
    ends.then(|| format!("{before}{quote}{}{after}", repair.instead))
}

fn text(folder: &str, mended: &[Mended]) -> String {
    let place = if folder.is_empty() { "the project's folder" } else { folder };
    if mended.is_empty() {
        return format!(
            "There is nothing in `{place}` that can be mended by rule. validate_bundle says what is wrong."
        );
    }
    let lines = if mended.len() == 1 { "1 word was".to_owned() } else { format!("{} words were", mended.len()) };
    let mut text = format!("{lines} mended in `{place}`:\n\n```diff\n");
    let mut file = "";
    for Mended { repair, before, after } in mended.iter().take(MAX_SHOWN) {
        if repair.file != file {
            file = &repair.file;
            text.push_str(&format!("--- {file}\n+++ {file}\n"));
        }
        let cut = |line: &str| cut_text(line, MAX_LINE_CHARS);
        text.push_str(&format!("@@ -{0} +{0} @@\n-{1}\n+{2}\n", repair.line, cut(before), cut(after)));
    }
    text.push_str("```\n");
    if mended.len() > MAX_SHOWN {
        text.push_str(&format!("\nand {} more.\n", mended.len() - MAX_SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_replaced_where_it_stands() {
        let repair = Repair { written: "nmae".to_owned(), instead: "name".to_owned() };
        for (line, column, expected) in [
            ("  nmae: nmae", 3, Some("  name: nmae")),
            ("{a: 1, 'nmae': x}", 8, Some("{a: 1, 'name': x}")),
            ("\"nmae\": x", 1, Some("\"name\": x")),
            ("  é: {nmae: x}", 7, Some("  é: {name: x}")),
            ("  nmaes: x", 3, None),
            ("  name: x", 3, None),
            ("  nmae", 9, None),
            ("", 1, None),
            ("nmae", 0, None),
        ] {
            assert_eq!(replaced(line, column, &repair).as_deref(), expected, "{line} at {column}");
        }
    }
}
