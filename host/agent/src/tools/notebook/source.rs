//! Databricks' source files: a script whose comments part it into cells. Its lines are what is edited, so its cells are
//! told beside them.
//!
//! Source: the export of notebooks in `SOURCE` format.

/// Cells that are told; a longer notebook is read by its parts.
const MAX_TOLD: usize = 100;

/// Each language with what its comments begin with.
const LANGUAGES: [(&str, &str, &str); 4] =
    [("py", "#", "python"), ("sql", "--", "sql"), ("scala", "//", "scala"), ("r", "#", "r")];

/// Where a cell stands, in lines from 1.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct SourceCell {
    pub(in super::super) language: String,
    pub(in super::super) first: usize,
    pub(in super::super) last: usize,
}

/// The cells of a source file; none when it is not one.
pub(in super::super) fn cells(path: &str, lines: &[&str]) -> Option<Vec<SourceCell>> {
    let (_, extension) = path.rsplit_once('.')?;
    let (_, comment, language) = LANGUAGES.into_iter().find(|(end, ..)| extension.eq_ignore_ascii_case(end))?;
    let first = lines.first()?.trim_end();
    if first.strip_prefix(comment)?.trim() != "Databricks notebook source" {
        return None;
    }
    let is_parting = |line: &&str| line.strip_prefix(comment).is_some_and(|rest| rest.trim() == "COMMAND ----------");
    let mut cells = Vec::new();
    let mut at = 1;
    for cell in lines.get(1..)?.split(is_parting) {
        let blank = cell.iter().take_while(|line| line.trim().is_empty()).count();
        let end = cell.iter().rposition(|line| !line.trim().is_empty());
        if let Some(end) = end {
            let language = magic(cell, comment).unwrap_or_else(|| language.to_owned());
            cells.push(SourceCell { language, first: at + blank + 1, last: at + end + 1 });
        }
        at += cell.len() + 1;
    }
    Some(cells)
}

/// The language that a cell names in its first line: `# MAGIC %md`.
fn magic(cell: &[&str], comment: &str) -> Option<String> {
    let code = |line: &&&str| !line.trim().is_empty() && !line.contains("DBTITLE");
    let first = cell.iter().find(code)?.strip_prefix(comment)?.trim_start();
    let name = first.strip_prefix("MAGIC")?.trim_start().strip_prefix('%')?;
    name.split_whitespace().next().map(str::to_owned)
}

/// The cells of which lines are shown, for a tool's answer.
pub(in super::super) fn told(cells: &[SourceCell], shown: std::ops::Range<usize>) -> String {
    let here = cells.iter().enumerate().filter(|(_, cell)| cell.first < shown.end && cell.last >= shown.start);
    let mut told: Vec<String> = here
        .map(|(index, cell)| format!("{} {}, lines {} to {}", index + 1, cell.language, cell.first, cell.last))
        .collect();
    if told.len() > MAX_TOLD {
        told.truncate(MAX_TOLD);
        told.push("…".to_owned());
    }
    format!("[A Databricks notebook of {} cells: {}.]", cells.len(), told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_by_their_lines() {
        let text = "# Databricks notebook source\n# MAGIC %md\n# MAGIC # Hello\n\n# COMMAND ----------\n\nx = 1\ny = 2\n\
                    \n# COMMAND ----------\n\n# DBTITLE 1,Rows\n# MAGIC %sql select 1";
        let lines: Vec<&str> = text.lines().collect();
        let cells = cells("a/b.py", &lines).unwrap();
        let expected = [("md", 2, 3), ("python", 7, 8), ("sql", 12, 13)];
        let expected = expected.map(|(language, first, last)| SourceCell { language: language.into(), first, last });
        assert_eq!(cells, expected);
        assert_eq!(told(&cells, 4..9), "[A Databricks notebook of 3 cells: 2 python, lines 7 to 8.]");
        assert_eq!(super::cells("a.py", &["x = 1"]), None);
        assert_eq!(super::cells("a.md", &lines), None);
        assert_eq!(super::cells("a.sql", &["-- Databricks notebook source"]), Some(Vec::new()));
    }
}
