//! Workbooks (ECMA-376), written as they are sent: a ZIP of XML whose sheets are closed one after the other.
//!
//! A spreadsheet keeps numbers to 15 digits. What has more is text here, so nothing is rounded; the same holds for
//! times that a spreadsheet's calendar does not hold exactly. What does not fit a cell is cut, and said.

use std::fmt::Write as _;

use bricklayer_domain::{ColumnType, ResultColumn};

use super::Exporter;
use super::zip::Zip;
use crate::column::{Column, Rows, Value};
use crate::error::ResultsError;
use crate::write;

/// Rows of a sheet, its head included. Source for these: Excel specifications and limits.
const MAX_SHEET_ROWS: u32 = 1_048_576;
const MAX_COLUMNS: usize = 16_384;
/// Bytes after which a sheet ends: spreadsheets and ZIP alike stop at 4 GiB.
const MAX_SHEET_BYTES: u64 = 2 << 30;
/// UTF-16 units of a cell.
const MAX_CELL_UNITS: usize = 32_767;
/// Digits of a number that a spreadsheet keeps.
const MAX_DIGITS: u32 = 15;
/// Cut cells that the notes list; the rest is counted.
const MAX_NOTES: usize = 1_000;
/// Days from a spreadsheet's zero to 1970, and its first day after the leap day that its calendar has too much.
const DAYS_TO_1970: i32 = 25_569;
const FIRST_DAY: i32 = 61;
/// The last day that it knows: the end of the year 9999.
const LAST_DAY: i32 = 2_958_465;

/// Places in the style table.
const DATE_STYLE: u8 = 1;
const TIME_STYLE: u8 = 2;
const HEAD_STYLE: u8 = 3;

const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#;

const SHEET_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>"#;
const SHEET_END: &str = "</sheetData></worksheet>";

pub(super) struct Workbook {
    names: Vec<String>,
    kinds: Vec<ColumnType>,
    letters: Vec<String>,
    zip: Zip,
    /// Names of the sheets, the last one open.
    sheets: Vec<String>,
    /// Rows of the open sheet.
    row: u32,
    /// Bytes of the open sheet.
    sheet_bytes: u64,
    xml: String,
    room: String,
    notes: Vec<String>,
    cut_cells: u64,
}

fn failed(error: impl std::fmt::Display) -> ResultsError {
    ResultsError::Format(format!("the rows cannot be written as a workbook: {error}"))
}

impl Workbook {
    pub(super) fn new(columns: &[ResultColumn]) -> Result<Self, ResultsError> {
        if columns.len() > MAX_COLUMNS {
            let count = columns.len();
            let message =
                format!("a workbook has at most {MAX_COLUMNS} columns, and this table has {count}; choose some");
            return Err(ResultsError::Format(message));
        }
        let mut workbook = Self {
            names: columns.iter().map(|column| column.name.clone()).collect(),
            kinds: columns.iter().map(|column| column.kind).collect(),
            letters: (0..columns.len()).map(letters).collect(),
            zip: Zip::new(),
            sheets: Vec::new(),
            row: 0,
            sheet_bytes: 0,
            xml: String::new(),
            room: String::new(),
            notes: Vec::new(),
            cut_cells: 0,
        };
        workbook.open_sheet("Result")?;
        Ok(workbook)
    }

    fn start_file(&mut self, name: &str) -> Result<(), ResultsError> {
        self.zip.start(name).map_err(failed)
    }

    fn put(&mut self, text: &str) -> Result<(), ResultsError> {
        self.sheet_bytes += text.len() as u64;
        self.zip.put(text.as_bytes()).map_err(failed)
    }

    /// Writes what was gathered.
    fn flush(&mut self) -> Result<(), ResultsError> {
        let xml = std::mem::take(&mut self.xml);
        self.put(&xml)?;
        self.xml = xml;
        self.xml.clear();
        Ok(())
    }

    fn open_sheet(&mut self, name: &str) -> Result<(), ResultsError> {
        self.sheets.push(name.to_owned());
        self.start_file(&format!("xl/worksheets/sheet{}.xml", self.sheets.len()))?;
        self.put(SHEET_HEAD)?;
        self.row = 1;
        self.sheet_bytes = 0;
        self.xml.push_str("<row r=\"1\">");
        for index in 0..self.names.len() {
            let name = self.names.get(index).cloned().unwrap_or_default();
            self.text(index, &name, HEAD_STYLE);
        }
        self.xml.push_str("</row>");
        self.flush()
    }

    fn next_sheet(&mut self) -> Result<(), ResultsError> {
        self.flush()?;
        self.put(SHEET_END)?;
        let name = format!("Result {}", self.sheets.len() + 1);
        self.open_sheet(&name)
    }

    fn reference(&mut self, index: usize) {
        let letters = self.letters.get(index).map_or("A", String::as_str);
        let _ = write!(self.xml, "<c r=\"{letters}{}\"", self.row);
    }

    fn number(&mut self, index: usize, style: u8, number: std::fmt::Arguments<'_>) {
        self.reference(index);
        if style > 0 {
            let _ = write!(self.xml, " s=\"{style}\"");
        }
        let _ = write!(self.xml, "><v>{number}</v></c>");
    }

    fn text(&mut self, index: usize, text: &str, style: u8) {
        self.reference(index);
        if style > 0 {
            let _ = write!(self.xml, " s=\"{style}\"");
        }
        self.xml.push_str(" t=\"inlineStr\"><is><t xml:space=\"preserve\">");
        let mut units = 0;
        for (at, character) in text.char_indices() {
            units += character.len_utf16();
            if units > MAX_CELL_UNITS {
                self.note(index, text);
                break;
            }
            if character == '_' && is_escape(text.get(at..).unwrap_or_default()) {
                // What looks like an escape and is none is escaped itself.
                self.xml.push_str("_x005F");
            }
            escape(character, &mut self.xml);
        }
        self.xml.push_str("</t></is></c>");
    }

    fn note(&mut self, index: usize, text: &str) {
        self.cut_cells += 1;
        if self.notes.len() < MAX_NOTES {
            let (sheet, letters) = (self.sheets.last(), self.letters.get(index));
            let place =
                format!("{}!{}{}", sheet.map_or("", String::as_str), letters.map_or("", String::as_str), self.row);
            self.notes.push(format!(
                "{place}: cut; it has {} characters, and a cell holds {MAX_CELL_UNITS}",
                text.chars().count()
            ));
        }
    }

    /// The value's own text.
    fn as_text(&mut self, index: usize, value: Value<'_>) {
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        write::text(value, &mut room);
        self.text(index, &room, 0);
        self.room = room;
    }

    fn cell(&mut self, index: usize, value: Value<'_>) {
        const MICROS_OF_DAY: i64 = 86_400_000_000;
        const DIGITS: i64 = 10_i64.pow(MAX_DIGITS);
        match value {
            // No cell, where an empty text is a cell without letters.
            Value::Null => {}
            Value::Integer(number) if -DIGITS < number && number < DIGITS => {
                self.number(index, 0, format_args!("{number}"));
            }
            Value::Decimal(number, _) if number.unsigned_abs() < DIGITS.unsigned_abs().into() => {
                let mut room = std::mem::take(&mut self.room);
                room.clear();
                write::text(value, &mut room);
                self.number(index, 0, format_args!("{room}"));
                self.room = room;
            }
            Value::Double(number) if number.is_finite() => self.number(index, 0, format_args!("{number:?}")),
            Value::Float(number) if number.is_finite() => self.number(index, 0, format_args!("{number:?}")),
            Value::Boolean(truth) => {
                self.reference(index);
                let _ = write!(self.xml, " t=\"b\"><v>{}</v></c>", u8::from(truth));
            }
            Value::Text(text) => self.text(index, text, 0),
            Value::Date(days) if calendar(i64::from(days)).is_some() => {
                self.number(index, DATE_STYLE, format_args!("{}", days + DAYS_TO_1970));
            }
            // To the millisecond a spreadsheet's fraction of a day gives the time back.
            Value::Timestamp(micros) | Value::TimestampNtz(micros) if micros % 1000 == 0 => {
                match calendar(micros.div_euclid(MICROS_OF_DAY)) {
                    Some(day) => {
                        let of_day = micros.rem_euclid(MICROS_OF_DAY) as f64 / MICROS_OF_DAY as f64;
                        self.number(index, TIME_STYLE, format_args!("{:?}", f64::from(day) + of_day));
                    }
                    None => self.as_text(index, value),
                }
            }
            Value::Integer(_)
            | Value::Decimal(..)
            | Value::Double(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::Timestamp(_)
            | Value::TimestampNtz(_)
            | Value::Binary(_) => self.as_text(index, value),
        }
    }

    fn notes(&mut self) -> Result<(), ResultsError> {
        let notes = std::mem::take(&mut self.notes);
        self.names = vec!["Notes".into()];
        self.letters = vec!["A".into()];
        self.flush()?;
        self.put(SHEET_END)?;
        self.open_sheet("Notes")?;
        let more = self.cut_cells.saturating_sub(notes.len() as u64);
        let rest = (more > 0).then(|| format!("and {more} more cells were cut; the other formats have them whole"));
        for note in notes.into_iter().chain(rest) {
            self.row += 1;
            let _ = write!(self.xml, "<row r=\"{}\">", self.row);
            self.text(0, &note, 0);
            self.xml.push_str("</row>");
        }
        Ok(())
    }
}

/// The day as a spreadsheet counts it; none when its calendar has no such day.
fn calendar(days: i64) -> Option<i32> {
    let day = i32::try_from(days).ok()?.checked_add(DAYS_TO_1970)?;
    (FIRST_DAY..=LAST_DAY).contains(&day).then_some(day)
}

/// The letters of a column: A to Z, AA and on.
fn letters(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + u8::try_from(index % 26).unwrap_or_default());
        index /= 26;
        if index == 0 {
            break;
        }
        index -= 1;
    }
    letters.reverse();
    String::from_utf8(letters).unwrap_or_default()
}

/// Whether a text begins like `_x0041_`.
fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes.get(2..6).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    digits && bytes.starts_with(b"_x") && bytes.get(6) == Some(&b'_')
}

/// A character in XML. What XML cannot say is written as Excel writes it, `_x0001_`.
fn escape(character: char, out: &mut String) {
    match character {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '\t' | '\n' => out.push(character),
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
            let _ = write!(out, "_x{:04X}_", u32::from(character));
        }
        character => out.push(character),
    }
}

impl Exporter for Workbook {
    fn rows(&mut self, rows: &Rows, out: &mut Vec<u8>) -> Result<(), ResultsError> {
        const FLUSH_BYTES: usize = 64 * 1024;
        let kinds = self.kinds.clone();
        let columns = kinds.iter().zip(&rows.columns).map(|(kind, array)| Column::of(*kind, array));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..rows.count {
            if self.row >= MAX_SHEET_ROWS || self.sheet_bytes >= MAX_SHEET_BYTES {
                self.next_sheet()?;
            }
            self.row += 1;
            let _ = write!(self.xml, "<row r=\"{}\">", self.row);
            for (index, column) in columns.iter().enumerate() {
                self.cell(index, column.value(row));
            }
            self.xml.push_str("</row>");
            if self.xml.len() >= FLUSH_BYTES {
                self.flush()?;
            }
        }
        self.zip.take(out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ResultsError> {
        if self.cut_cells > 0 {
            self.notes()?;
        }
        self.flush()?;
        self.put(SHEET_END)?;
        self.start_file("xl/styles.xml")?;
        self.put(STYLES)?;
        let (mut sheets, mut relations, mut types) = (String::new(), String::new(), String::new());
        for (number, name) in (1..).zip(&self.sheets) {
            let _ = write!(sheets, "<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>");
            let _ = write!(
                relations,
                "<Relationship Id=\"rId{number}\" Type=\"{RELATION}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"
            );
            let _ = write!(
                types,
                "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"{SHEETML}.worksheet+xml\"/>"
            );
        }
        self.start_file("xl/workbook.xml")?;
        self.put(&format!("{XML}<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"{RELATION}\"><sheets>{sheets}</sheets></workbook>"))?;
        self.start_file("xl/_rels/workbook.xml.rels")?;
        self.put(&format!("{XML}<Relationships xmlns=\"{RELATIONS}\">{relations}<Relationship Id=\"rIdStyles\" Type=\"{RELATION}/styles\" Target=\"styles.xml\"/></Relationships>"))?;
        self.start_file("_rels/.rels")?;
        self.put(&format!("{XML}<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{RELATION}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"))?;
        self.start_file("[Content_Types].xml")?;
        self.put(&format!("{XML}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"{SHEETML}.sheet.main+xml\"/><Override PartName=\"/xl/styles.xml\" ContentType=\"{SHEETML}.styles+xml\"/>{types}</Types>"))?;
        self.zip.finish().map_err(failed)?;
        self.zip.take(out);
        Ok(())
    }
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const SHEETML: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (index, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")] {
            assert_eq!(letters(index), expected);
        }
    }
}
