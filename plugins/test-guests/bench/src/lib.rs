//! Work of known size.

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "bench" });

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

        fn park(millis: u32) {
            std::thread::sleep(std::time::Duration::from_millis(millis.into()));
        }
    }

    fn weight(bytes: usize) -> Weight {
        Weight { bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
    }

    export!(Component);
}
