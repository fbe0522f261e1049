//! Lists by pages, the token being the number of entries before the page.

use serde::Deserialize;

use super::error::ApiError;

/// Entries of one page at most, and when the caller does not say.
const MAX_PAGE: usize = 1_000;

/// What a caller says about the page it wants.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct PageQuery {
    max_results: Option<String>,
    page_token: Option<String>,
}

/// A part of a list, and where the next one begins.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_page_token: Option<String>,
}

impl PageQuery {
    /// Cuts the wanted page out of the whole list.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a negative size and a token that no answer gave.
    pub(crate) fn cut<T>(&self, items: impl IntoIterator<Item = T>) -> Result<Page<T>, ApiError> {
        let size = match self.max_results.as_deref() {
            None => MAX_PAGE,
            Some(text) => match text.parse::<i64>() {
                Ok(0) => MAX_PAGE,
                Ok(size) => usize::try_from(size)
                    .map_err(|_| ApiError::invalid("max_results must not be negative."))?
                    .min(MAX_PAGE),
                Err(_) => return Err(ApiError::invalid("max_results must be a whole number.")),
            },
        };
        let offset: usize = match self.page_token.as_deref().filter(|t| !t.is_empty()) {
            None => 0,
            Some(token) => token.parse().map_err(|_| ApiError::invalid("The page_token is not valid."))?,
        };
        let mut rest = items.into_iter().skip(offset);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let next = rest.next().map(|_| (offset + page.len()).to_string());
        Ok(Page { items: page, next_page_token: next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let query = |token: Option<String>| PageQuery { max_results: Some("2".to_owned()), page_token: token };
        let (mut token, mut seen) = (None, Vec::new());
        loop {
            let page = query(token).cut(1..=5).unwrap();
            seen.push(page.items);
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5]]);
    }

    #[test]
    fn a_size_or_token_of_another_kind_is_refused() {
        for (size, token) in [(Some("-1"), None), (Some("many"), None), (None, Some("x"))] {
            let query = PageQuery { max_results: size.map(str::to_owned), page_token: token.map(str::to_owned) };
            assert!(query.cut(1..=5).is_err(), "{size:?} {token:?}");
        }
    }
}
