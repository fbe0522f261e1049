//! A database with a user and a conversation, and tables of any types.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bricklayer_domain::{
    ColumnType, Conversation, LaneId, NewResult, Project, ResultColumn, ResultContent, ResultHead, ResultId,
    ResultOrigin, Title, UserId,
};
use bricklayer_results::{
    DownloadRequest, Format, ResultEnd, Results, ResultsError, ResultsSettings, RowsRequest, TextChoices, ViewRequest,
};
use bricklayer_store::{ResultLimits, Store, StoreOptions, StoreUrl};
use futures::TryStreamExt as _;
use proptest::prelude::*;
use serde_json::{Value, json};

macro_rules! on_both_engines {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::support::Scene::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::support::Scene::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

pub(crate) struct Scene {
    pub(crate) url: StoreUrl,
    pub(crate) store: Store,
    pub(crate) results: Results,
    pub(crate) user: UserId,
    pub(crate) project: Project,
    pub(crate) conversation: Conversation,
    pub(crate) _folder: tempfile::TempDir,
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

impl Scene {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("store.db"));
        Self::at(url, folder).await
    }

    pub(crate) async fn postgres() -> Self {
        let url = bricklayer_store::test_support::postgres_url().await.unwrap_or_else(|error| panic!("{error}"));
        Self::at(url.parse().unwrap(), tempfile::tempdir().unwrap()).await
    }

    async fn at(url: StoreUrl, folder: tempfile::TempDir) -> Self {
        let options = StoreOptions { postgres_connections: 4, ..StoreOptions::default() };
        let store = Store::connect(&url, options).await.unwrap();
        let ann = user("ann@example.com");
        let project = store.create_project(&ann, &Title::parse("taxi").unwrap()).await.unwrap();
        let conversation = store.create_conversation(&ann, project.id, None).await.unwrap();
        let results = Results::new(store.clone(), ResultsSettings::default());
        Self { url, store, results, user: ann, project, conversation, _folder: folder }
    }

    /// The same database and user again.
    pub(crate) async fn sibling(other: &Self) -> Self {
        let options = StoreOptions { postgres_connections: 4, ..StoreOptions::default() };
        let store = Store::connect(&other.url, options).await.unwrap();
        Self {
            url: other.url.clone(),
            results: Results::new(store.clone(), ResultsSettings::default()),
            store,
            user: other.user.clone(),
            project: other.project.clone(),
            conversation: other.conversation.clone(),
            _folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The same database with other bounds.
    pub(crate) async fn within(self, limits: ResultLimits) -> Self {
        let options = StoreOptions { postgres_connections: 4, result_limits: limits, ..StoreOptions::default() };
        let store = Store::connect(&self.url, options).await.unwrap();
        Self { results: Results::new(store.clone(), ResultsSettings::default()), store, ..self }
    }

    /// The same database, with another bound for what sorting may hold.
    pub(crate) fn with_sort_bytes(self, sort_bytes: usize) -> Self {
        let settings = ResultsSettings { sort_bytes, ..ResultsSettings::default() };
        Self { results: Results::new(self.store.clone(), settings), ..self }
    }

    pub(crate) fn of(&self, content: ResultContent, columns: &[(&str, ColumnType)]) -> NewResult {
        let column =
            |(name, kind): &(&str, ColumnType)| ResultColumn { name: (*name).into(), kind: *kind, source_type: None };
        NewResult {
            user: self.user.clone(),
            project: self.project.id,
            conversation: self.conversation.id,
            turn: None,
            lane: LaneId::MAIN,
            call: None,
            ordinal: 0,
            head: ResultHead {
                title: Some("Busiest hours".into()),
                columns: columns.iter().map(column).collect(),
                ..ResultHead::new(content)
            },
            origin: ResultOrigin { statement: Some("select 1".into()), ..ResultOrigin::default() },
        }
    }

    pub(crate) async fn write(&self, columns: &[(&str, ColumnType)], rows: &[Vec<Value>]) -> ResultId {
        let mut writer = self.results.open(self.of(ResultContent::Table, columns)).unwrap();
        for part in rows.chunks(1_000) {
            writer.append_json(json!(part).to_string().as_bytes()).await.unwrap();
        }
        writer.finish(ResultEnd::default()).await.unwrap().id
    }

    /// All rows of a view, by pages of some size.
    pub(crate) async fn rows(
        &self,
        id: ResultId,
        view: &ViewRequest,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, ResultsError> {
        let (mut all, mut offset) = (Vec::new(), 0);
        loop {
            let request = RowsRequest { offset, limit, columns: None, view: view.clone() };
            let page = self.results.rows(&self.user, id, &request).await?;
            let rows: Vec<Vec<Value>> = serde_json::from_str(page.rows.get()).unwrap();
            assert_eq!(rows.len(), page.row_numbers.len());
            all.extend(rows);
            match page.next {
                Some(next) => offset = next,
                None => {
                    assert_eq!(all.len() as u64, page.total);
                    return Ok(all);
                }
            }
        }
    }

    pub(crate) async fn file(&self, id: ResultId, format: Format) -> Result<Vec<u8>, ResultsError> {
        let request =
            DownloadRequest { format, columns: None, view: ViewRequest::default(), choices: TextChoices::default() };
        self.download(id, &request).await.map(|(_, bytes)| bytes)
    }

    pub(crate) async fn download(
        &self,
        id: ResultId,
        request: &DownloadRequest,
    ) -> Result<(String, Vec<u8>), ResultsError> {
        let download = self.results.download(&self.user, id, request).await?;
        let chunks: Vec<_> = download.stream.try_collect().await?;
        Ok((download.file_name, chunks.concat()))
    }
}

const SHORT_DECIMAL: ColumnType = ColumnType::Decimal { precision: 5, scale: 2 };

fn decimal(digits: i128, scale: u32) -> String {
    let unit = 10_i128.pow(scale);
    let sign = if digits < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", (digits / unit).abs(), (digits % unit).abs(), width = scale as usize)
}

/// A value as answers write it, so that what comes back can be compared as it is.
fn value(kind: ColumnType) -> BoxedStrategy<Value> {
    const MAX: i128 = 10_i128.pow(38) - 1;
    let time = |zone: &'static str| {
        (1_600..2_400_i32, 1..13_u32, 1..29_u32, 0..24_u32, 0..60_u32, 0..1_000_000_u32).prop_map(
            move |(year, month, day, hour, minute, micros)| {
                let fraction = match micros {
                    0 => String::new(),
                    micros if micros % 1000 == 0 => format!(".{:03}", micros / 1000),
                    micros => format!(".{micros:06}"),
                };
                json!(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:07{fraction}{zone}"))
            },
        )
    };
    match kind {
        ColumnType::Integer => prop_oneof![any::<i64>(), -3..3_i64].prop_map(|n| json!(n.to_string())).boxed(),
        ColumnType::Decimal { precision: 38, scale } => prop_oneof![-MAX..MAX, -1_000..1_000_i128]
            .prop_map(move |digits| json!(decimal(digits, scale.into())))
            .boxed(),
        ColumnType::Decimal { scale, .. } => {
            (-99_999..99_999_i128).prop_map(move |digits| json!(decimal(digits, scale.into()))).boxed()
        }
        ColumnType::Double => prop_oneof![
            any::<f64>().prop_filter("numbers", |n| n.is_finite()).prop_map(|n| json!(n)),
            Just(json!("NaN")),
            Just(json!("Infinity")),
            (-3..3_i32).prop_map(|n| json!(f64::from(n))),
        ]
        .boxed(),
        ColumnType::Float => (-1_000..1_000_i32).prop_map(|n| json!(f64::from(n) / 8.0)).boxed(),
        ColumnType::Boolean => any::<bool>().prop_map(|truth| json!(truth)).boxed(),
        ColumnType::String => prop_oneof![
            any::<String>().prop_map(|text| json!(text)),
            "[ab,\"\r\n\t\\\\=_x0-9]{0,12}".prop_map(|text| json!(text)),
            Just(json!("")),
        ]
        .boxed(),
        ColumnType::Binary => prop::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| {
                use base64::Engine as _;
                json!(base64::engine::general_purpose::STANDARD.encode(bytes))
            })
            .boxed(),
        ColumnType::Date => {
            (1..9_999_i32, 1..13_u32, 1..29_u32).prop_map(|(y, m, d)| json!(format!("{y:04}-{m:02}-{d:02}"))).boxed()
        }
        ColumnType::Timestamp => time("Z").boxed(),
        ColumnType::TimestampNtz => time("").boxed(),
        ColumnType::Json => prop_oneof![
            prop::collection::vec(any::<i32>(), 0..4).prop_map(|list| json!(json!(list).to_string())),
            prop::collection::btree_map("[a-c]", any::<bool>(), 0..3)
                .prop_map(|map: BTreeMap<String, bool>| json!(json!(map).to_string())),
            Just(json!("INTERVAL '1' DAY")),
        ]
        .boxed(),
    }
}

/// The order of two values as answers write them.
pub(crate) fn order(kind: ColumnType, a: &Value, b: &Value) -> Ordering {
    use base64::Engine as _;
    let number = |value: &Value| match value {
        Value::String(word) => word.parse::<f64>().unwrap(),
        value => value.as_f64().unwrap(),
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let digits = |value: &Value| text(value).replace('.', "").parse::<i128>().unwrap();
    match kind {
        ColumnType::Integer | ColumnType::Decimal { .. } => digits(a).cmp(&digits(b)),
        ColumnType::Double | ColumnType::Float => {
            let (a, b) = (number(a), number(b));
            a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        }
        ColumnType::Boolean => a.as_bool().cmp(&b.as_bool()),
        ColumnType::Binary => {
            let bytes = |value| base64::engine::general_purpose::STANDARD.decode(text(value)).unwrap();
            bytes(a).cmp(&bytes(b))
        }
        // A point sorts before Z, and what is longer is later.
        ColumnType::Timestamp | ColumnType::TimestampNtz => {
            let time = |value| text(value).trim_end_matches('Z').to_owned();
            time(a).cmp(&time(b))
        }
        ColumnType::String | ColumnType::Json | ColumnType::Date => text(a).cmp(&text(b)),
    }
}

/// A table of any columns; one value in five is none.
pub(crate) fn table(most_rows: usize) -> impl Strategy<Value = (Vec<ColumnType>, Vec<Vec<Value>>)> {
    let kinds = [&ColumnType::EXAMPLES[..], &[SHORT_DECIMAL]].concat();
    prop::collection::vec(prop::sample::select(kinds), 1..6).prop_flat_map(move |kinds| {
        let row: Vec<_> =
            kinds.iter().map(|kind| prop_oneof![1 => Just(Value::Null), 4 => value(*kind)].boxed()).collect();
        (Just(kinds), prop::collection::vec(row, 0..most_rows))
    })
}

/// Runs a property on a database, a new table for each case.
pub(crate) fn check<T: std::fmt::Debug>(cases: u32, strategy: &impl Strategy<Value = T>, mut test: impl AsyncFnMut(T)) {
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let handle = tokio::runtime::Handle::current();
    let test = std::cell::RefCell::new(&mut test);
    tokio::task::block_in_place(|| {
        runner
            .run(strategy, |input| {
                handle.block_on((*test.borrow_mut())(input));
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{error}"));
    });
}
