//! GRANT and REVOKE: kept and shown. The local workspace does not enforce privileges beyond the read-only catalogs;
//! everybody with a token may do everything, as an administrator may in Databricks.

use super::checks::check_securable;
use crate::{
    catalog::names::Securable,
    sql::{
        engine::{context::Context, query::Outcome},
        language::error::SqlError,
    },
};

pub(super) fn grant(
    context: &Context<'_>,
    privileges: &[String],
    on: &Securable,
    principal: &str,
) -> Result<Outcome, SqlError> {
    check_securable(context, on)?;
    context.objects.ask(|known| known.grant(on, principal, privileges))?;
    Ok(Outcome::nothing("GRANT"))
}

pub(super) fn revoke(
    context: &Context<'_>,
    privileges: &[String],
    on: &Securable,
    principal: &str,
) -> Result<Outcome, SqlError> {
    check_securable(context, on)?;
    context.objects.ask(|known| known.revoke(on, principal, privileges))?;
    Ok(Outcome::nothing("REVOKE"))
}
