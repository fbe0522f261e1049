//! Lists by pages of the Jobs API: `limit` with a token or the older `offset`, and arrays within one object by hundreds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    http::error::ApiError,
    jobs::{settings::Document, store::Window},
};

/// Items of an array in one answer about one object.
pub(crate) const ARRAY_ITEMS: usize = 100;

/// Arrays of settings that are given by pages.
const ARRAYS: [&str; 4] = ["tasks", "job_clusters", "environments", "parameters"];

/// What a caller says about the page it wants.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    limit: Option<String>,
    offset: Option<String>,
    page_token: Option<String>,
}

/// Where a list goes on.
#[derive(Debug, Serialize)]
pub(crate) struct Next {
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_page_token: Option<String>,
}

impl ListQuery {
    /// The wanted part of a list.
    ///
    /// # Errors
    /// A size or place that is out of bounds.
    pub(crate) fn window(&self, default: i64, most: i64) -> Result<Window, ApiError> {
        let number = |name: &str, text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match text.parse::<i64>() {
                Ok(n) if n >= 0 => Ok(Some(n)),
                _ => Err(ApiError::invalid(format!("{name} is not valid: '{text}'."))),
            },
        };
        let limit = number("limit", &self.limit)?.filter(|limit| *limit > 0).unwrap_or(default);
        if limit > most {
            return Err(ApiError::invalid(format!("limit must be at most {most}.")));
        }
        let offset = number("page_token", &self.page_token)?.or(number("offset", &self.offset)?).unwrap_or(0);
        Ok(Window { offset, limit })
    }
}

/// Cuts a list that has one item more than asked for when there are more.
pub(crate) fn cut<T>(items: &mut Vec<T>, window: Window) -> Next {
    let most = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = items.len() > most;
    items.truncate(most);
    Next {
        has_more,
        next_page_token: has_more.then(|| (window.offset + window.limit).to_string()),
        prev_page_token: (window.offset > 0).then(|| (window.offset - window.limit).max(0).to_string()),
    }
}

/// How many items of each array come before the wanted page.
///
/// # Errors
/// A token that no answer gave.
pub(crate) fn array_offset(token: Option<&str>) -> Result<usize, ApiError> {
    match token.filter(|token| !token.is_empty()) {
        None => Ok(0),
        Some(token) => token.parse().map_err(|_| ApiError::invalid("The page_token is not valid.")),
    }
}

/// Leaves of each array what belongs on the page; the token of the next one when there is more of any.
pub(crate) fn cut_arrays(settings: &mut Document, offset: usize) -> Option<String> {
    let mut more = false;
    for array in ARRAYS {
        if let Some(items) = settings.get_mut(array).and_then(Value::as_array_mut) {
            more |= items.len() > offset + ARRAY_ITEMS;
            *items = items.drain(..).skip(offset).take(ARRAY_ITEMS).collect();
        }
    }
    more.then(|| (offset + ARRAY_ITEMS).to_string())
}
