//! What the agent's own tools read of results: those of the caller, of the project they work in. A person goes on with
//! yesterday's figures in a new conversation of the same project, as they do with its files; another project's are none
//! of it.

use async_trait::async_trait;
use bricklayer_agent::{
    GroupBy, GroupPart, Measure, QuestionPart, ReadError, ResultAnswer, ResultQuestion, ResultReader, SortBy,
};
use bricklayer_domain::{ProjectId, ResultId, StoredResult, UserId};
use bricklayer_results::{AggregateRequest, Results, ResultsError, RowsRequest, ViewRequest};
use bricklayer_store::StoreError;
use futures::TryStreamExt as _;
use serde_json::Value;

/// The results of one user in one project.
pub(super) struct ProjectResults {
    pub(super) results: Results,
    pub(super) user: UserId,
    pub(super) project: ProjectId,
}

fn failed(error: ResultsError) -> ReadError {
    match error {
        ResultsError::Store(StoreError::NotFound(_)) => ReadError::NotFound,
        ResultsError::Query { field, message } => ReadError::Question { field, message },
        error => ReadError::Failed(Box::new(error)),
    }
}

/// As the API's parameters write it.
fn sort_text(sort: &[SortBy]) -> Option<String> {
    let key = |key: &SortBy| format!("{}:{}", key.column, if key.descending { "desc" } else { "asc" });
    (!sort.is_empty()).then(|| sort.iter().map(key).collect::<Vec<_>>().join(","))
}

fn group_text(by: &[GroupBy]) -> String {
    let group = |group: &GroupBy| match group.part {
        GroupPart::Value => group.column.to_string(),
        GroupPart::Unit(unit) => format!("{}:{}", group.column, unit.as_str()),
        GroupPart::Bins(bins) => format!("{}:bins:{bins}", group.column),
    };
    by.iter().map(group).collect::<Vec<_>>().join(",")
}

fn measure_text(measures: &[Measure]) -> String {
    let measure = |measure: &Measure| match measure.column {
        None => measure.function.as_str().to_owned(),
        Some(column) => format!("{}:{column}", measure.function.as_str()),
    };
    measures.iter().map(measure).collect::<Vec<_>>().join(",")
}

fn rows_of(json: &str) -> Result<Vec<Vec<Value>>, ReadError> {
    serde_json::from_str(json).map_err(|error| ReadError::Failed(Box::new(error)))
}

#[async_trait]
impl ResultReader for ProjectResults {
    async fn describe(&self, id: ResultId) -> Result<StoredResult, ReadError> {
        let result = self.results.describe(&self.user, id).await.map_err(failed)?;
        if result.project == self.project { Ok(result) } else { Err(ReadError::NotFound) }
    }

    async fn ask(&self, id: ResultId, question: ResultQuestion) -> Result<ResultAnswer, ReadError> {
        let result = self.describe(id).await?;
        let ResultQuestion { part, filter, limit } = question;
        let filter = filter.map(|filter| filter.to_string());
        let name = |place: usize| result.head.columns.get(place).map(|column| column.name.clone()).unwrap_or_default();
        match part {
            QuestionPart::Rows { offset, columns, sort } => {
                let view = ViewRequest { sort: sort_text(&sort), filter };
                let request = RowsRequest { offset, limit, columns: Some(columns), view };
                let page = self.results.rows(&self.user, id, &request).await.map_err(failed)?;
                Ok(ResultAnswer {
                    columns: page.columns.iter().copied().map(name).collect(),
                    rows: rows_of(page.rows.get())?,
                    row_numbers: page.row_numbers,
                    total: page.total,
                    complete: true,
                })
            }
            QuestionPart::Groups { by, measures, sort } => {
                let request = AggregateRequest {
                    group: Some(group_text(&by)),
                    measures: (!measures.is_empty()).then(|| measure_text(&measures)),
                    filter,
                    sort: sort_text(&sort),
                    limit,
                };
                let found = self.results.aggregate(&self.user, id, &request).await.map_err(failed)?;
                Ok(ResultAnswer {
                    columns: found.columns.into_iter().map(|column| column.name).collect(),
                    rows: rows_of(found.rows.get())?,
                    row_numbers: Vec::new(),
                    total: found.groups,
                    complete: found.complete,
                })
            }
            QuestionPart::Values { column } => {
                let filter = filter.as_deref();
                let found = self.results.distinct(&self.user, id, column, limit, None, filter).await.map_err(failed)?;
                let rows = found.values.into_iter().map(|(value, count)| {
                    let value = serde_json::from_str(&value).map_err(|error| ReadError::Failed(Box::new(error)))?;
                    Ok(vec![value, Value::from(count)])
                });
                Ok(ResultAnswer {
                    columns: vec![name(column), "count".to_owned()],
                    rows: rows.collect::<Result<_, ReadError>>()?,
                    row_numbers: Vec::new(),
                    total: found.distinct,
                    complete: found.complete,
                })
            }
        }
    }

    async fn bytes(&self, id: ResultId, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        self.describe(id).await?;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let download = self.results.content(&self.user, id, offset, Some(length)).await.map_err(failed)?;
        let parts: Vec<_> = download.stream.try_collect().await.map_err(failed)?;
        Ok(parts.concat())
    }
}
