//! The sample data, made by code at first start: the same rows on every machine, whatever the DuckDB version, because
//! the numbers come from our own generator. Names and columns follow Databricks' `samples` catalog where it has the
//! table; the rows are invented.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use duckdb::{Connection, params};

use super::{database::file, objects::Objects};
use crate::catalog::{
    CatalogInfo, CatalogTree, HistoryEntry, SYSTEM_USER as OWNER, SchemaInfo, SchemaTree, TableInfo, TableTree,
};

/// The catalog that all sample tables are in.
const CATALOG: &str = "samples";

/// Trips in `samples.nyctaxi.trips`; the real table has as many.
const TRIPS: usize = 21_932;

/// Orders in `samples.tpch.orders`.
const ORDERS: usize = 7_500;

/// Devices in `samples.iot.devices`.
const DEVICES: usize = 400;

/// Raised when the data changes, so that old files are made anew.
const VERSION: &str = "1";

/// Makes the sample catalog if it is missing or of another version.
pub(super) fn ensure(folder: &Path, objects: &Objects) -> anyhow::Result<()> {
    let path = file(folder, CATALOG);
    let known = objects.ask(|known| known.catalog(CATALOG))?;
    let known = known.and_then(|info| info.properties.get("bricklayer.samples.version").cloned());
    if path.exists() && known.as_deref() == Some(VERSION) {
        return Ok(());
    }
    // Built beside its place and moved in whole, so that a crash leaves no half-filled catalog.
    let building = path.with_extension("building");
    for stale in [&building, &path, &path.with_extension("duckdb.wal")] {
        if stale.exists() {
            std::fs::remove_file(stale)?;
        }
    }
    build(&building).context("cannot make the sample data")?;
    std::fs::rename(&building, &path)?;
    objects.ask(|known| async move { known.replace_catalog(CATALOG, &entries()).await })?;
    Ok(())
}

fn build(path: &Path) -> anyhow::Result<()> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "CREATE SCHEMA nyctaxi; CREATE SCHEMA tpch; CREATE SCHEMA iot; CREATE SCHEMA \"default\";
         CREATE TABLE nyctaxi.trips (tpep_pickup_datetime TIMESTAMP, tpep_dropoff_datetime TIMESTAMP,
           trip_distance DOUBLE, fare_amount DOUBLE, pickup_zip INTEGER, dropoff_zip INTEGER);
         CREATE TABLE tpch.orders (o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus VARCHAR,
           o_totalprice DECIMAL(18, 2), o_orderdate DATE, o_orderpriority VARCHAR, o_clerk VARCHAR,
           o_shippriority INTEGER, o_comment VARCHAR);
         CREATE TABLE iot.devices (device_id BIGINT, name VARCHAR, tags VARCHAR[],
           location STRUCT(latitude DOUBLE, longitude DOUBLE, city VARCHAR), attributes MAP(VARCHAR, VARCHAR),
           readings DOUBLE[], installed_on DATE, last_seen TIMESTAMP, battery DECIMAL(5, 2), active BOOLEAN);",
    )?;
    trips(&connection)?;
    orders(&connection)?;
    devices(&connection)?;
    connection.execute_batch("CHECKPOINT")?;
    Ok(())
}

/// SplitMix64: small, fixed, and the same everywhere. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn signed_below(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).unwrap_or_default()
    }

    /// A number in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.below(items.len() as u64);
        items.get(usize::try_from(index).unwrap_or_default())
    }

    /// An index drawn with the given weights.
    fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

/// Pickups per hour of a working day and of a weekend day, in relation to each other: a morning rise, an evening peak
/// around 18 to 19, and late nights at weekends.
const WEEKDAY_HOURS: [u64; 24] =
    [30, 17, 10, 7, 8, 14, 34, 58, 71, 69, 65, 68, 72, 71, 76, 75, 66, 79, 94, 98, 88, 84, 76, 56];
const WEEKEND_HOURS: [u64; 24] =
    [72, 64, 54, 41, 22, 11, 15, 22, 34, 49, 60, 67, 72, 73, 74, 73, 70, 74, 80, 79, 70, 68, 70, 69];

/// ZIP codes of Manhattan, Brooklyn, Queens and the airports with their weights.
const ZIPS: [(i32, u64); 24] = [
    (10001, 60),
    (10003, 58),
    (10009, 22),
    (10010, 30),
    (10011, 56),
    (10012, 34),
    (10013, 30),
    (10014, 34),
    (10016, 48),
    (10017, 46),
    (10018, 44),
    (10019, 62),
    (10020, 16),
    (10021, 34),
    (10022, 50),
    (10023, 46),
    (10024, 34),
    (10028, 34),
    (10036, 50),
    (10065, 36),
    (10110, 20),
    (11211, 14),
    (11371, 30),
    (11422, 18),
];

/// Seconds from the epoch to 2016-01-01 00:00:00 UTC, a Friday.
const FIRST_DAY: i64 = 1_451_606_400;

/// Days of data: January and February 2016.
const DAYS: u64 = 60;

fn trips(connection: &Connection) -> anyhow::Result<()> {
    let mut random = Random(0x7A11_5EED);
    let weights: Vec<_> = ZIPS.iter().map(|(_, weight)| *weight).collect();
    let zip = |random: &mut Random| ZIPS.get(random.weighted(&weights)).map_or(10001, |(zip, _)| *zip);
    let mut rows = Vec::with_capacity(TRIPS);
    for _ in 0..TRIPS {
        let day = random.signed_below(DAYS);
        // 2016-01-01 was a Friday, so days 1 and 2 of each week from there are Saturday and Sunday.
        let weekend = matches!(day % 7, 1 | 2);
        let hour = random.weighted(if weekend { &WEEKEND_HOURS } else { &WEEKDAY_HOURS });
        let pickup = FIRST_DAY + day * 86_400 + i64::try_from(hour)? * 3_600 + random.signed_below(3_600);
        let (from, to) = (zip(&mut random), zip(&mut random));
        let airport = [from, to].iter().any(|z| matches!(z, 11371 | 11422));
        // Trip lengths fall off like an exponential; airports are far.
        let base = -(1.0 - random.unit()).ln();
        let distance = if airport { 8.0 + base * 3.5 } else { 0.4 + base * 1.75 };
        let distance = (distance.min(30.6) * 100.0).round() / 100.0;
        // Rush hours are slow, nights are fast.
        let speed = match hour {
            0..=5 => 17.0,
            6 | 21..=23 => 13.5,
            7..=9 | 16..=19 => 8.8,
            _ => 10.2,
        } * (0.75 + random.unit() * 0.5)
            * if airport { 1.9 } else { 1.0 };
        let minutes = (distance / speed * 60.0).max(1.0);
        let seconds = (minutes * 60.0) as i64;
        // The meter of 2016: 2.50 to start, 0.50 for each fifth of a mile or each slow minute, evening and night extras.
        let extra = match hour {
            16..=19 if !weekend => 1.0,
            20..=23 | 0..=5 => 0.5,
            _ => 0.0,
        };
        let fare = 2.5 + distance * 2.5 * 0.82 + minutes * 0.5 * 0.35;
        let fare = if airport && random.below(5) == 0 { 52.0 } else { (fare * 2.0).round() / 2.0 + extra };
        rows.push((pickup, pickup + seconds, distance, fare, from, to));
    }
    rows.sort_by_key(|row| row.0);
    let mut appender = connection.appender_to_db("trips", "nyctaxi")?;
    for (pickup, dropoff, distance, fare, from, to) in rows {
        appender.append_row(params![timestamp(pickup), timestamp(dropoff), distance, fare, from, to])?;
    }
    appender.flush()?;
    Ok(())
}

fn timestamp(seconds: i64) -> duckdb::types::Value {
    duckdb::types::Value::Timestamp(duckdb::types::TimeUnit::Second, seconds)
}

fn orders(connection: &Connection) -> anyhow::Result<()> {
    let mut random = Random(0x0DE5_5EED);
    let priorities = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
    let words =
        ["carefully", "pending", "final", "regular", "express", "ironic", "deposits", "requests", "packages", "sleep"];
    // Not one long INSERT: its plan of 60,000 expressions takes seconds.
    let mut appender = connection.appender_to_db("orders", "tpch")?;
    // 1992-01-01 to 1998-08-02, as in TPC-H.
    let (first_day, days) = (8_035_i64, 2_406_u64);
    for index in 0..ORDERS {
        let day = first_day + random.signed_below(days);
        // Orders before mid-1995 are finished, later ones open, a few in between partly filled.
        let status = match day {
            d if d < 9_298 => "F",
            d if d > 9_420 => "O",
            _ => "P",
        };
        let cents = 85_000 + random.below(45_000_000);
        let comment = if random.below(20) == 0 {
            None
        } else {
            let mut text = Vec::new();
            for _ in 0..3 + random.below(5) {
                text.push(*random.pick(&words).unwrap_or(&"regular"));
            }
            Some(text.join(" "))
        };
        // Keys leave gaps, as in TPC-H: eight of each thirty-two are used.
        let key = i64::try_from(index / 8 * 32 + index % 8 + 1)?;
        let customer = 1 + random.signed_below(1_000);
        let price = format!("{}.{:02}", cents / 100, cents % 100);
        let date = duckdb::types::Value::Date32(i32::try_from(day)?);
        let priority = *random.pick(&priorities).unwrap_or(&"5-LOW");
        let clerk = format!("Clerk#{:09}", 1 + random.below(100));
        appender.append_row(params![key, customer, status, price, date, priority, clerk, 0, comment])?;
    }
    appender.flush()?;
    Ok(())
}

fn devices(connection: &Connection) -> anyhow::Result<()> {
    let mut random = Random(0xDE71_CE5D);
    let cities =
        [("Amsterdam", 52.37, 4.90), ("Berlin", 52.52, 13.41), ("Lisbon", 38.72, -9.14), ("Oslo", 59.91, 10.75)];
    let kinds = ["thermometer", "hygrometer", "barometer", "anemometer"];
    let tags = ["indoor", "outdoor", "solar", "wired", "calibrated", "beta"];
    let mut sql = String::from("INSERT INTO iot.devices VALUES ");
    for index in 0..DEVICES {
        let (city, latitude, longitude) = random.pick(&cities).copied().unwrap_or(("Berlin", 52.52, 13.41));
        let kind = random.pick(&kinds).copied().unwrap_or("thermometer");
        let mut own_tags = Vec::new();
        for tag in tags {
            if random.below(3) == 0 {
                own_tags.push(format!("'{tag}'"));
            }
        }
        let location = if random.below(12) == 0 {
            "NULL".to_owned()
        } else {
            let (north, east) = (latitude + random.unit() * 0.2, longitude + random.unit() * 0.2);
            format!("{{'latitude': {north:.5}, 'longitude': {east:.5}, 'city': '{city}'}}")
        };
        let readings: Vec<_> = (0..random.below(6)).map(|_| format!("{:.1}", random.unit() * 40.0 - 5.0)).collect();
        let battery = if random.below(8) == 0 { "NULL".to_owned() } else { format!("{:.2}", random.unit() * 100.0) };
        let last_seen = if random.below(10) == 0 {
            "NULL".to_owned()
        } else {
            format!("TIMESTAMP '2024-05-01 00:00:00' + to_seconds({})", random.below(30 * 86_400))
        };
        sql.push_str(&format!(
            "{}({}, '{kind}-{index:04}', [{}]::VARCHAR[], {location}, MAP {{'firmware': '1.{}.{}', 'vendor': 'v{}'}},
              [{}]::DOUBLE[], DATE '2022-01-01' + {}, {last_seen}, {battery}, {})",
            if index > 0 { "," } else { "" },
            1_000 + index,
            own_tags.join(", "),
            random.below(4),
            random.below(10),
            1 + random.below(3),
            readings.join(", "),
            random.below(800),
            random.below(6) != 0,
        ));
    }
    connection.execute_batch(&sql)?;
    Ok(())
}

/// The catalog, its schemas and tables, with their comments.
fn entries() -> CatalogTree {
    let mut info = CatalogInfo::new(OWNER, Some("Sample data, read only".to_owned()));
    info.properties.insert("bricklayer.samples.version".to_owned(), VERSION.to_owned());
    let mut schemas = BTreeMap::new();
    let default =
        SchemaTree { info: SchemaInfo::default_of(OWNER), tables: BTreeMap::new(), functions: BTreeMap::new() };
    schemas.insert("default".to_owned(), default);
    let tables = [
        ("nyctaxi", "New York taxi trips", "trips", "One row for each yellow taxi trip, January and February 2016"),
        ("tpch", "Orders of a trading company", "orders", "One row for each order, 1992 to 1998"),
        ("iot", "Sensors in four cities", "devices", "One row for each device, with nested columns and gaps"),
    ];
    for (schema, schema_comment, table, table_comment) in tables {
        let mut info = TableInfo::new(OWNER);
        info.comment = Some(table_comment.to_owned());
        let history = vec![HistoryEntry::new(OWNER, "CREATE TABLE AS SELECT", BTreeMap::new())];
        let tables = BTreeMap::from([(table.to_owned(), TableTree { info, history, next_version: 1 })]);
        let info = SchemaInfo::new(OWNER, Some(schema_comment.to_owned()));
        schemas.insert(schema.to_owned(), SchemaTree { info, tables, functions: BTreeMap::new() });
    }
    CatalogTree { info, schemas }
}
