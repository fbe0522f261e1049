//! What goes in comes out, through pages and through every file.

use std::io::Read as _;

use bricklayer_domain::{ColumnType, ResultContent, ResultState};
use bricklayer_results::{
    DownloadRequest, Format, MAX_CELL_BYTES, MAX_PIECE_ROWS, ResultEnd, RowsRequest, TextChoices, ViewRequest,
    WholeCell,
};
use futures::TryStreamExt as _;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use crate::support::{Scene, check, on_both_engines, table};

on_both_engines!(
    random_tables_come_back_through_pages,
    odd_shapes_are_tables,
    a_table_of_many_pieces_is_read_by_range,
    bytes_are_kept_as_they_are,
    the_digest_is_of_the_values,
);

fn named(kinds: &[ColumnType]) -> Vec<(&'static str, ColumnType)> {
    const NAMES: [&str; 6] = ["a", "b", "b", "c d", "e\"f", "=g"];
    NAMES.into_iter().zip(kinds.iter().copied()).collect()
}

async fn random_tables_come_back_through_pages(scene: Scene) {
    check(24, &table(40), async |(kinds, rows)| {
        let id = scene.write(&named(&kinds), &rows).await;
        assert_eq!(scene.rows(id, &ViewRequest::default(), 7).await.unwrap(), rows);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_tables_come_back_through_text() {
    let scene = Scene::sqlite().await;
    check(48, &table(30), async |(kinds, rows)| {
        let id = scene.write(&named(&kinds), &rows).await;
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            // As Rust writes numbers, exact.
            Value::Number(number) => Some(format!("{:?}", number.as_f64().unwrap())),
            other => Some(other.to_string()),
        };
        let expected: Vec<Vec<Option<String>>> = rows.iter().map(|row| row.iter().map(text).collect()).collect();
        let csv = String::from_utf8(scene.file(id, Format::Csv).await.unwrap()).unwrap();
        let mut lines = csv_lines(&csv);
        assert_eq!(lines.remove(0).len(), kinds.len());
        assert_eq!(lines, expected, "{csv}");
        let tsv = String::from_utf8(scene.file(id, Format::Tsv).await.unwrap()).unwrap();
        let lines: Vec<Vec<Option<String>>> =
            tsv.lines().skip(1).map(|line| line.split('\t').map(tsv_cell).collect()).collect();
        assert_eq!(lines, expected, "{tsv:?}");
        let jsonl = String::from_utf8(scene.file(id, Format::JsonLines).await.unwrap()).unwrap();
        assert_eq!(jsonl.lines().count(), rows.len());
        for (line, row) in jsonl.lines().zip(&rows) {
            let object: Vec<(String, Box<serde_json::value::RawValue>)> = object(line);
            for (((_, raw), kind), value) in object.iter().zip(&kinds).zip(row) {
                match (kind, value) {
                    // All digits, bare.
                    (ColumnType::Integer | ColumnType::Decimal { .. }, Value::String(digits)) => {
                        assert_eq!(raw.get(), digits);
                    }
                    (ColumnType::Json, Value::String(text)) if text.starts_with(['[', '{']) => {
                        assert_eq!(raw.get(), text);
                    }
                    _ => assert_eq!(&serde_json::from_str::<Value>(raw.get()).unwrap(), value),
                }
            }
        }
    });
}

/// An object's members in order, two of one name told apart.
fn object(line: &str) -> Vec<(String, Box<serde_json::value::RawValue>)> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, Box<serde_json::value::RawValue>)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let members = serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(line), Members).unwrap();
    let names: std::collections::HashSet<_> = members.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), members.len(), "{line}");
    members
}

fn tsv_cell(cell: &str) -> Option<String> {
    if cell == "\\N" {
        return None;
    }
    let (mut text, mut characters) = (String::new(), cell.chars());
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next().unwrap() {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                other => other,
            },
            other => other,
        });
    }
    Some(text)
}

/// Reads RFC 4180; nothing at all is no value.
fn csv_lines(text: &str) -> Vec<Vec<Option<String>>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let cell = if let Some(quoted) = rest.strip_prefix('"') {
            let mut cell = String::new();
            let mut inside = quoted;
            loop {
                let end = inside.find('"').unwrap();
                cell.push_str(&inside[..end]);
                inside = &inside[end + 1..];
                match inside.strip_prefix('"') {
                    Some(after) => {
                        cell.push('"');
                        inside = after;
                    }
                    None => break,
                }
            }
            rest = inside;
            Some(cell)
        } else {
            let end = rest.find([',', '\r']).unwrap();
            let cell = &rest[..end];
            rest = &rest[end..];
            (!cell.is_empty()).then(|| cell.to_owned())
        };
        line.push(cell);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => {
                rest = rest.strip_prefix("\r\n").unwrap();
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_tables_come_back_through_parquet() {
    let scene = Scene::sqlite().await;
    check(32, &table(30), async |(kinds, rows)| {
        let id = scene.write(&named(&kinds), &rows).await;
        let file = bytes::Bytes::from(scene.file(id, Format::Parquet).await.unwrap());
        let reader = SerializedFileReader::new(file).unwrap();
        let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), rows.len());
        for (read, row) in read.iter().zip(&rows) {
            for (index, (kind, value)) in kinds.iter().zip(row).enumerate() {
                let field = read.get_column_iter().nth(index).unwrap().1;
                assert_eq!(field_json(*kind, field), *value, "{kind:?}");
            }
        }
    });
}

fn field_json(kind: ColumnType, field: &Field) -> Value {
    use base64::Engine as _;
    let number = |number: f64| {
        if number.is_nan() {
            json!("NaN")
        } else if number.is_infinite() {
            json!("Infinity")
        } else {
            json!(number)
        }
    };
    let micros = |micros: i64, zone: &str| {
        let time = chrono::DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
        json!(format!("{}{zone}", time.format("%Y-%m-%dT%H:%M:%S%.f")))
    };
    match (kind, field) {
        (_, Field::Null) => Value::Null,
        (ColumnType::Integer, Field::Long(number)) => json!(number.to_string()),
        (ColumnType::Decimal { scale, .. }, Field::Decimal(decimal)) => {
            let bytes = decimal.data();
            let mut whole = [if bytes[0] & 0x80 == 0 { 0 } else { 0xff }; 16];
            whole[16 - bytes.len()..].copy_from_slice(bytes);
            let (digits, unit) = (i128::from_be_bytes(whole), 10_i128.pow(scale.into()));
            let sign = if digits < 0 { "-" } else { "" };
            let (whole, fraction) = ((digits / unit).abs(), (digits % unit).abs());
            json!(format!("{sign}{whole}.{fraction:0width$}", width = usize::from(scale)))
        }
        (ColumnType::Double, Field::Double(value)) => number(*value),
        (ColumnType::Float, Field::Float(value)) => number((*value).into()),
        (ColumnType::Boolean, Field::Bool(truth)) => json!(truth),
        (ColumnType::String | ColumnType::Json, Field::Str(text)) => json!(text),
        (ColumnType::Binary, Field::Bytes(bytes)) => {
            json!(base64::engine::general_purpose::STANDARD.encode(bytes.data()))
        }
        (ColumnType::Date, Field::Date(days)) => {
            json!((chrono::NaiveDate::default() + chrono::TimeDelta::days((*days).into())).to_string())
        }
        (ColumnType::Timestamp, Field::TimestampMicros(value)) => micros(*value, "Z"),
        (ColumnType::TimestampNtz, Field::TimestampMicros(value)) => micros(*value, ""),
        other => panic!("{other:?}"),
    }
}

/// The files of an archive, by its own directory.
fn unzip(archive: &[u8]) -> Vec<(String, String)> {
    let half = |at: usize| usize::from(u16::from_le_bytes(archive[at..at + 2].try_into().unwrap()));
    let word = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().unwrap());
    let end = archive.len() - 22;
    assert_eq!(word(end), 0x0605_4b50);
    let (count, mut at) = (half(end + 10), word(end + 16) as usize);
    let mut files = Vec::new();
    for _ in 0..count {
        assert_eq!(word(at), 0x0201_4b50);
        let (checksum, packed, size) = (word(at + 16), word(at + 20) as usize, word(at + 24) as usize);
        let (length, local) = (half(at + 28), word(at + 42) as usize);
        let name = String::from_utf8(archive[at + 46..at + 46 + length].to_vec()).unwrap();
        assert_eq!(word(local), 0x0403_4b50);
        let data = local + 30 + half(local + 26) + half(local + 28);
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(&archive[data..data + packed]).read_to_string(&mut text).unwrap();
        assert_eq!((text.len(), crc32fast::hash(text.as_bytes())), (size, checksum), "{name}");
        files.push((name, text));
        at += 46 + length;
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workbooks_round_nothing() {
    let scene = Scene::sqlite().await;
    let columns = [
        ("n", ColumnType::Integer),
        ("d", ColumnType::Decimal { precision: 38, scale: 2 }),
        ("f", ColumnType::Double),
        ("day", ColumnType::Date),
        ("at", ColumnType::Timestamp),
        ("text", ColumnType::String),
        ("yes", ColumnType::Boolean),
    ];
    let long = "x".repeat(40_000);
    let rows = [
        vec![
            json!("7"),
            json!("1.50"),
            json!(0.1),
            json!("2024-02-29"),
            json!("2024-02-29T12:00:00Z"),
            json!("a<&\u{1}_x0041_"),
            json!(true),
        ],
        vec![
            json!("9007199254740993"),
            json!("12345678901234567.89"),
            json!("NaN"),
            json!("1582-10-15"),
            json!("2024-02-29T12:00:00.000001Z"),
            json!(""),
            Value::Null,
        ],
        vec![Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, json!(long), json!(false)],
    ];
    let id = scene.write(&columns, &rows).await;
    let files = unzip(&scene.file(id, Format::Xlsx).await.unwrap());
    let sheet = &files.iter().find(|(name, _)| name == "xl/worksheets/sheet1.xml").unwrap().1;
    let text = |place: &str, text: &str| {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
    };
    for expected in [
        "<c r=\"A2\"><v>7</v></c>".to_owned(),
        "<c r=\"B2\"><v>1.50</v></c>".to_owned(),
        "<c r=\"C2\"><v>0.1</v></c>".to_owned(),
        "<c r=\"D2\" s=\"1\"><v>45351</v></c>".to_owned(),
        "<c r=\"E2\" s=\"2\"><v>45351.5</v></c>".to_owned(),
        text("F2", "a&lt;&amp;_x0001__x005F_x0041_"),
        "<c r=\"G2\" t=\"b\"><v>1</v></c>".to_owned(),
        text("A3", "9007199254740993"),
        text("B3", "12345678901234567.89"),
        text("C3", "NaN"),
        text("D3", "1582-10-15"),
        text("E3", "2024-02-29T12:00:00.000001Z"),
        // An empty text is a cell, and no value is none.
        text("F3", ""),
        format!("<row r=\"4\">{}", text("F4", &"x".repeat(32_767))),
    ] {
        assert!(sheet.contains(&expected), "{expected} is not in {sheet:.3000}");
    }
    let notes = &files.iter().find(|(name, _)| name == "xl/worksheets/sheet2.xml").unwrap().1;
    assert!(notes.contains("Result!F4: cut; it has 40000 characters"), "{notes}");
    let workbook = &files.iter().find(|(name, _)| name == "xl/workbook.xml").unwrap().1;
    assert!(workbook.contains("name=\"Result\"") && workbook.contains("name=\"Notes\""), "{workbook}");
    for name in ["[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/styles.xml"] {
        assert!(files.iter().any(|(file, _)| file == name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formulas_are_made_harmless_when_asked() {
    let scene = Scene::sqlite().await;
    let rows = [vec![json!("=1+1"), json!("-5")], vec![json!("@x"), json!("5")], vec![json!("a=b"), Value::Null]];
    let id = scene.write(&[("t", ColumnType::String), ("n", ColumnType::Integer)], &rows).await;
    let request =
        |choices| DownloadRequest { format: Format::Csv, columns: None, view: ViewRequest::default(), choices };
    let escape = TextChoices { header: false, escape_formulas: true };
    let (name, file) = scene.download(id, &request(escape)).await.unwrap();
    assert_eq!(
        (name.as_str(), String::from_utf8(file).unwrap().as_str()),
        ("busiest-hours.csv", "'=1+1,-5\r\n'@x,5\r\na=b,\r\n")
    );
    let (_, file) = scene.download(id, &request(TextChoices::default())).await.unwrap();
    assert_eq!(String::from_utf8(file).unwrap(), "t,n\r\n=1+1,-5\r\n@x,5\r\na=b,\r\n");
}

async fn odd_shapes_are_tables(scene: Scene) {
    // No rows.
    let id = scene.write(&[("a", ColumnType::Integer)], &[]).await;
    assert_eq!(scene.rows(id, &ViewRequest::default(), 5).await.unwrap(), Vec::<Vec<Value>>::new());
    assert_eq!(scene.file(id, Format::Csv).await.unwrap(), b"a\r\n");
    assert!(scene.file(id, Format::Parquet).await.unwrap().starts_with(b"PAR1"));
    assert!(!unzip(&scene.file(id, Format::Xlsx).await.unwrap()).is_empty());
    // No columns.
    let id = scene.write(&[], &[vec![], vec![]]).await;
    assert_eq!(scene.rows(id, &ViewRequest::default(), 1).await.unwrap(), [vec![], Vec::<Value>::new()]);
    assert!(scene.file(id, Format::Parquet).await.is_err());
    // Many columns.
    let names: Vec<String> = (0..1_000).map(|number| format!("c{number}")).collect();
    let columns: Vec<_> = names.iter().map(|name| (name.as_str(), ColumnType::Integer)).collect();
    let rows: Vec<Vec<Value>> =
        (0..50).map(|row| (0..1_000).map(|column| json!((row * column).to_string())).collect()).collect();
    let id = scene.write(&columns, &rows).await;
    assert_eq!(scene.rows(id, &ViewRequest::default(), 20).await.unwrap(), rows);
    for format in Format::ALL {
        assert!(!scene.file(id, format).await.unwrap().is_empty(), "{format:?}");
    }
    // A huge value is cut in an answer, and had whole by itself.
    let huge = "ü".repeat(3 << 20);
    let id = scene.write(&[("t", ColumnType::String)], &[vec![json!("small")], vec![json!(huge)]]).await;
    let request = RowsRequest { offset: 0, limit: 10, columns: None, view: ViewRequest::default() };
    let page = scene.results.rows(&scene.user, id, &request).await.unwrap();
    assert_eq!((page.cut.len(), page.cut[0].row, page.cut[0].column, page.cut[0].bytes), (1, 1, 0, 6 << 20));
    assert!(page.rows.get().len() < MAX_CELL_BYTES + 100);
    assert_eq!(scene.results.cell(&scene.user, id, 1, 0).await.unwrap(), WholeCell::Text(huge));
    assert!(scene.results.cell(&scene.user, id, 2, 0).await.is_err());
}

async fn a_table_of_many_pieces_is_read_by_range(scene: Scene) {
    let count = MAX_PIECE_ROWS * 2 + 500;
    let rows: Vec<Vec<Value>> = (0..count)
        .map(|row| vec![json!(row.to_string()), json!(format!("{:05}", row * 7_919 % count)), json!(row % 3 == 0)])
        .collect();
    let columns = [("n", ColumnType::Integer), ("t", ColumnType::String), ("b", ColumnType::Boolean)];
    let id = scene.write(&columns, &rows).await;
    let stored = scene.results.describe(&scene.user, id).await.unwrap();
    assert_eq!((stored.rows, stored.pieces, stored.state), (count as u64, 3, ResultState::Complete));
    let request = |offset: usize, view: ViewRequest| RowsRequest {
        offset: offset as u64,
        limit: 1_000,
        columns: Some(vec![1, 0]),
        view,
    };
    for offset in [0, MAX_PIECE_ROWS - 500, count - 10, count + 5] {
        let page = scene.results.rows(&scene.user, id, &request(offset, ViewRequest::default())).await.unwrap();
        let read: Vec<Vec<Value>> = serde_json::from_str(page.rows.get()).unwrap();
        let expected = rows.get(offset..).unwrap_or_default();
        let expected: Vec<_> = expected.iter().take(1_000).map(|row| vec![row[1].clone(), row[0].clone()]).collect();
        assert_eq!(read, expected, "{offset}");
        assert_eq!(page.total, count as u64);
    }
    // In the other order rows come from all pieces.
    let view = ViewRequest { sort: Some("1".into()), filter: None };
    let page = scene.results.rows(&scene.user, id, &request(100, view.clone())).await.unwrap();
    let read: Vec<Vec<String>> = serde_json::from_str(page.rows.get()).unwrap();
    assert!(read.iter().enumerate().all(|(index, row)| row[0] == format!("{:05}", index + 100)), "{read:?}");
    assert!(read.iter().zip(&page.row_numbers).all(|(row, number)| row[1] == number.to_string()));
    let download = DownloadRequest {
        format: Format::Csv,
        columns: Some(vec![1]),
        view,
        choices: TextChoices { header: false, escape_formulas: false },
    };
    let (_, file) = scene.download(id, &download).await.unwrap();
    let lines: Vec<String> = String::from_utf8(file).unwrap().lines().map(str::to_owned).collect();
    assert!(lines.len() == count && lines.is_sorted());
}

async fn bytes_are_kept_as_they_are(scene: Scene) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for size in [0, 10, 40_000, 3_000_000] {
        let mut writer = scene.results.open(scene.of(ResultContent::File, &[])).unwrap();
        for part in bytes[..size].chunks(70_000) {
            writer.append_bytes(part).await.unwrap();
        }
        let stored = writer.finish(ResultEnd::default()).await.unwrap();
        assert_eq!((stored.bytes, stored.state), (size as u64, ResultState::Complete));
        let size = size as u64;
        for (offset, length) in [(0, None), (size / 3, Some(size / 2)), (size, None), (size / 2, Some(u64::MAX))] {
            let download = scene.results.content(&scene.user, stored.id, offset, length).await.unwrap();
            let read: Vec<_> = download.stream.try_collect().await.unwrap();
            let end = length.map_or(size, |length| size.min(offset.saturating_add(length)));
            assert!(read.concat() == bytes[offset as usize..end as usize], "{size} {offset} {length:?}");
        }
    }
}

async fn the_digest_is_of_the_values(scene: Scene) {
    let rows: Vec<Vec<Value>> = (0..20).map(|row| vec![json!(row.to_string()), Value::Null]).collect();
    let columns = [("n", ColumnType::Integer), ("t", ColumnType::String)];
    let digest = async |rows: &[Vec<Value>]| {
        let id = scene.write(&columns, rows).await;
        scene.results.describe(&scene.user, id).await.unwrap().digest.unwrap()
    };
    let first = digest(&rows).await;
    assert_eq!(digest(&rows).await, first);
    let mut other = rows.clone();
    other[3][1] = json!("");
    assert_ne!(digest(&other).await, first, "no value and an empty text differ");
    other = rows.clone();
    other.swap(0, 1);
    assert_ne!(digest(&other).await, first, "so does the order");
}
