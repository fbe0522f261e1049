//! Rows as a Markdown table: column names once, about half the tokens of JSON rows.

/// Where a table ends for a model. The page shows the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Most rows.
    pub rows: usize,
    /// Most bytes of table text.
    pub bytes: usize,
    /// Most characters of one cell.
    pub cell_chars: usize,
}

impl Default for Cut {
    /// 100 rows, 32 KiB (about 8,000 tokens), 300 characters a cell.
    fn default() -> Self {
        Self { rows: 100, bytes: 32 * 1024, cell_chars: 300 }
    }
}

/// A rendered table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The Markdown.
    pub text: String,
    /// How many rows it shows.
    pub shown: usize,
    /// How many cells were cut.
    pub cells_cut: usize,
}

impl Table {
    /// Renders columns and rows; NULL is an empty cell.
    #[must_use]
    pub fn render(columns: &[&str], rows: &[Vec<Option<String>>], cut: Cut) -> Self {
        let mut cells_cut = 0;
        let mut text = String::from("|");
        for name in columns {
            text.push(' ');
            push_cell(&mut text, name, cut.cell_chars);
            text.push_str(" |");
        }
        text.push_str("\n|");
        text.push_str(&" --- |".repeat(columns.len()));
        let mut shown = 0;
        for row in rows.iter().take(cut.rows) {
            let before = text.len();
            text.push_str("\n|");
            for cell in row {
                text.push(' ');
                if let Some(cell) = cell {
                    cells_cut += usize::from(push_cell(&mut text, cell, cut.cell_chars));
                }
                text.push_str(" |");
            }
            // The first row always stays: a table without any would say less than one row too many.
            if text.len() > cut.bytes && shown > 0 {
                text.truncate(before);
                break;
            }
            shown += 1;
        }
        Self { text, shown, cells_cut }
    }
}

/// Appends a cell that stays on its line and in its column; says whether it was cut.
fn push_cell(out: &mut String, cell: &str, most_chars: usize) -> bool {
    let mut chars = cell.chars();
    for c in chars.by_ref().take(most_chars) {
        match c {
            '|' => out.push_str("\\|"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    let rest = chars.count();
    if rest > 0 {
        out.push_str(&format!("… (+{rest} characters)"));
    }
    rest > 0
}

/// Text cut at a number of characters, with a mark.
#[must_use]
pub fn cut_text(text: &str, most_chars: usize) -> String {
    match text.char_indices().nth(most_chars) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[Option<&str>]) -> Vec<Option<String>> {
        cells.iter().map(|cell| cell.map(str::to_owned)).collect()
    }

    #[test]
    fn escapes_what_would_break_the_table() {
        let table = Table::render(&["a|b", "c"], &[row(&[Some("x|y\nz\\"), None])], Cut::default());
        assert_eq!(table.text, "| a\\|b | c |\n| --- | --- |\n| x\\|y\\nz\\\\ |  |");
        assert_eq!((table.shown, table.cells_cut), (1, 0));
    }

    #[test]
    fn cuts_wide_cells_then_rows_then_bytes() {
        let rows: Vec<_> = (0..10).map(|_| row(&[Some("éééééé")])).collect();
        let cut = Cut { rows: 3, bytes: 10_000, cell_chars: 4 };
        let table = Table::render(&["a"], &rows, cut);
        assert_eq!((table.shown, table.cells_cut), (3, 3));
        assert!(table.text.contains("éééé… (+2 characters)"));
        let table = Table::render(&["a"], &rows, Cut { rows: 100, bytes: 1, cell_chars: 100 });
        assert_eq!(table.shown, 1);
        let table = Table::render(&["a"], &rows, Cut { rows: 100, bytes: 60, cell_chars: 100 });
        assert!(table.shown > 1 && table.shown < 10 && table.text.len() <= 60, "{table:?}");
    }

    #[test]
    fn cuts_text_at_characters() {
        assert_eq!(cut_text("äöü", 3), "äöü");
        assert_eq!(cut_text("äöü", 2), "äö…");
    }
}
