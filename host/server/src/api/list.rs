//! Lists that go on where an answer ends.

use bricklayer_store::{Cursor, MAX_PAGE, Page, PageRequest, StoreError};
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;

/// Items of one answer at most.
const MAX_LISTED: u32 = 2_000;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Those that follow, `next` of another answer; from the newest on without it.
    after: Option<String>,
    /// So many, 1 to 2000.
    #[param(minimum = 1, maximum = 2000, default = 2000)]
    limit: Option<u32>,
}

/// What was asked for, understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    after: Option<Cursor>,
    limit: u32,
}

impl ListQuery {
    pub(super) fn part(&self) -> Result<Part, Problem> {
        let limit = self.limit.unwrap_or(MAX_LISTED);
        if !(1..=MAX_LISTED).contains(&limit) {
            return Err(Problem::field("limit", format!("must be between 1 and {MAX_LISTED}")));
        }
        let wrong = |_| Problem::field("after", "must be `next` of another answer");
        Ok(Part { after: self.after.as_deref().map(str::parse).transpose().map_err(wrong)?, limit })
    }
}

impl Part {
    /// The items, from as many pages of the store as they take, and where the list goes on.
    pub(super) async fn gather<T, F>(
        self,
        page: impl Fn(PageRequest) -> F,
    ) -> Result<(Vec<T>, Option<String>), StoreError>
    where
        F: Future<Output = Result<Page<T>, StoreError>>,
    {
        let Self { mut after, limit: mut left } = self;
        let mut items = Vec::new();
        while left > 0 {
            let next = page(PageRequest { after, limit: left.min(MAX_PAGE) }).await?;
            left = left.saturating_sub(u32::try_from(next.items.len()).unwrap_or(left));
            items.extend(next.items);
            after = next.next;
            if after.is_none() {
                break;
            }
        }
        Ok((items, after.map(|cursor| cursor.to_string())))
    }
}
