//! GRANT and REVOKE, on the same grants as the REST interface's permissions.

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
