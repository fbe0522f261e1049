//! Lists by pages. A cursor is the name of the last entry of the page before: lists are in a fixed order, and one that
//! changes in between loses nobody's place.

use rmcp::ErrorData;

/// Entries of one page: some hundred kilobytes of tools with their schemas.
pub(crate) const PAGE: usize = 100;

/// The page after a cursor, and the cursor of the next.
///
/// # Errors
/// When nothing of this list has the cursor's name.
pub(crate) fn page<T>(
    all: Vec<T>,
    cursor: Option<&str>,
    key: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let found = all.iter().position(|entry| key(entry) == cursor);
            let unknown = "`cursor` is none of this list; list again from the beginning";
            found.ok_or_else(|| ErrorData::invalid_params(unknown, None))? + 1
        }
    };
    let more = all.len() > start + PAGE;
    let page: Vec<T> = all.into_iter().skip(start).take(PAGE).collect();
    let next = page.last().filter(|_| more).map(|last| key(last).to_owned());
    Ok((page, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(count: usize) -> Vec<usize> {
        let all: Vec<String> = (0..count).map(|n| format!("n{n}")).collect();
        let (mut sizes, mut cursor, mut seen) = (Vec::new(), None, Vec::new());
        loop {
            let (some, next) = page(all.clone(), cursor.as_deref(), String::as_str).unwrap();
            sizes.push(some.len());
            seen.extend(some);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        sizes
    }

    #[test]
    fn every_entry_is_on_one_page() {
        assert_eq!(pages(0), [0]);
        assert_eq!(pages(1), [1]);
        assert_eq!(pages(PAGE), [PAGE]);
        assert_eq!(pages(PAGE + 1), [PAGE, 1]);
        assert_eq!(pages(PAGE * 2), [PAGE, PAGE]);
    }

    #[test]
    fn a_cursor_of_nothing_is_refused() {
        for bad in ["", "x", "\0"] {
            let error = page(vec!["a"], Some(bad), |entry| entry).unwrap_err();
            assert!(error.code.0 == -32602 && error.message.contains("`cursor`"), "{error:?}");
        }
    }
}
