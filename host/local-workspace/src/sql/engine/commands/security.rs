//! GRANT and REVOKE: kept and shown. The local workspace does not enforce privileges beyond the read-only catalogs;
//! everybody with a token may do everything, as an administrator may in Databricks.

use super::check_securable;
use crate::{
    sql::engine::query::{Context, Outcome},
    sql::language::{command::Securable, error::SqlError},
};

pub(super) fn grant(
    context: &Context<'_>,
    privileges: &[String],
    on: &Securable,
    principal: &str,
) -> Result<Outcome, SqlError> {
    check_securable(context, on)?;
    context.metastore.write(|state| {
        for privilege in privileges {
            state.grant(on, principal, privilege);
        }
    });
    Ok(Outcome::nothing("GRANT"))
}

pub(super) fn revoke(
    context: &Context<'_>,
    privileges: &[String],
    on: &Securable,
    principal: &str,
) -> Result<Outcome, SqlError> {
    check_securable(context, on)?;
    context.metastore.write(|state| {
        for privilege in privileges {
            state.revoke(on, principal, privilege);
        }
    });
    Ok(Outcome::nothing("REVOKE"))
}
