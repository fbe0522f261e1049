//! Work of known size.

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/host.wit", "wit/bench.wit"],
        world: "test:bench/bench",
        generate_all,
    });

    use bricklayer::host::results::{self, Column, Content, NewResult, Origin};
    use exports::test::bench::tools::{Guest, Page, Parcel, Row, Weight};

    struct Component;

    impl Guest for Component {
        fn weigh(request: Parcel) -> Result<Weight, String> {
            Ok(weight(request.payload.len()))
        }

        fn list_rows(count: u32) -> Result<Page, String> {
            let row = |id: u32| Row {
                id: id.into(),
                name: format!("row {id}"),
                amount: f64::from(id) / 4.0,
                note: id.is_multiple_of(2).then(|| "even".to_owned()),
            };
            Ok(Page { rows: (0..count).map(row).collect() })
        }

        fn count_rows(request: Page) -> Result<Weight, String> {
            Ok(weight(request.rows.len()))
        }

        fn burn(rounds: u32) -> u64 {
            // FNV-1a over a small table: loads, multiplications and a loop, as parsers and hashes are.
            let table: Vec<u8> = (0..=255).collect();
            let mut hash = 0xcbf2_9ce4_8422_2325_u64;
            for _ in 0..rounds {
                for byte in &table {
                    hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
            hash
        }

        fn make_table(count: u32, kept: bool) -> Result<Weight, String> {
            let row = |id: u32| format!("[{id},\"row {id}\"{}]", format!(",{id}.25").repeat(TABLE_COLUMNS - 2));
            let rows = format!("[{}]", (0..count).map(row).collect::<Vec<_>>().join(","));
            if kept {
                keep(rows.as_bytes()).map_err(|error| format!("{error:?}"))?;
            }
            Ok(weight(rows.len()))
        }

        fn park(millis: u32) {
            std::thread::sleep(std::time::Duration::from_millis(millis.into()));
        }
    }

    /// Columns of the table that is made.
    const TABLE_COLUMNS: usize = 10;

    fn keep(rows: &[u8]) -> Result<(), results::ResultError> {
        let column = |number| {
            let type_text = match number {
                0 => "BIGINT",
                1 => "STRING",
                _ => "DECIMAL(10,2)",
            };
            Column { name: format!("c{number}"), type_text: type_text.to_owned() }
        };
        let origin = Origin {
            statement_id: None,
            statement: None,
            parameters: None,
            warehouse: None,
            catalog: None,
            schema: None,
            started_ms: None,
            duration_ms: None,
            rows: None,
            bytes: None,
            truncated: None,
        };
        let about = NewResult {
            content: Content::Table,
            title: None,
            media_type: None,
            file_name: None,
            columns: (0..TABLE_COLUMNS).map(column).collect(),
            origin,
            again: None,
        };
        let handle = results::open(&about)?.handle;
        results::append_rows(handle, rows)?;
        results::finish(handle, true, None).map(drop)
    }

    fn weight(bytes: usize) -> Weight {
        Weight { bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
    }

    export!(Component);
}
