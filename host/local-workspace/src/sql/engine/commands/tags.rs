//! SET TAGS and UNSET TAGS, on the same tags as the REST interface's tag assignments.

use super::checks::{check_securable, existing};
use crate::{
    catalog::{MAX_TAGS, Tagged, check_tag, names::Securable},
    sql::{
        engine::{context::Context, query::Outcome},
        language::{command::Properties, error::SqlError, rewrite::check_catalog_writable},
    },
};

pub(super) fn change(
    context: &Context<'_>,
    on: &Tagged,
    set: &Properties,
    unset: &[String],
) -> Result<Outcome, SqlError> {
    check_catalog_writable(&on.on)?;
    check_securable(context, &on.on)?;
    if let (Some(column), Securable::Table(table)) = (&on.column, &on.on) {
        let names: Vec<_> = existing(context, table)?.columns.into_iter().map(|column| column.name).collect();
        if !names.iter().any(|name| name.eq_ignore_ascii_case(column)) {
            return Err(SqlError::column_not_found(column, &names));
        }
    }
    for (key, value) in set {
        check_tag(key, value).map_err(refused)?;
    }
    let known = context.objects.ask(|known| known.tags(on))?;
    let new = set.iter().filter(|(key, _)| !known.iter().any(|(known, _)| known == key)).count();
    if known.len() + new > MAX_TAGS {
        return Err(refused(format!("An object has at most {MAX_TAGS} tags.")));
    }
    context.objects.ask(|known| known.set_tags(on, set))?;
    for key in unset {
        context.objects.ask(|known| known.unset_tag(on, key))?;
    }
    Ok(Outcome::nothing("ALTER"))
}

fn refused(detail: String) -> SqlError {
    SqlError::new("INVALID_PARAMETER_VALUE", "22023", detail)
}
