//! Whether a user may do what a statement does. Who may what is the catalog's to say (`catalog/rights.rs`).

use super::context::Context;
use crate::{
    catalog::{names::Securable, rights::Privilege},
    sql::language::error::SqlError,
};

/// Refuses what the statement's user may not do with an object.
///
/// # Errors
/// `INSUFFICIENT_PERMISSIONS`, naming what the user lacks.
pub(super) fn require(context: &Context<'_>, privilege: Privilege, on: &Securable) -> Result<(), SqlError> {
    match context.objects.ask(|known| known.denied(context.user, on, privilege))? {
        Some(denied) => Err(SqlError::permission(format!("Insufficient privileges: {denied}"))),
        None => Ok(()),
    }
}

/// Refuses what the statement's user may not know of.
///
/// # Errors
/// As [`require`].
pub(super) fn require_seen(context: &Context<'_>, on: &Securable) -> Result<(), SqlError> {
    match context.objects.ask(|known| known.hidden(context.user, on))? {
        Some(denied) => Err(SqlError::permission(format!("Insufficient privileges: {denied}"))),
        None => Ok(()),
    }
}
/// Keeps of objects in one container what the statement's user may know of.
///
/// # Errors
/// A database that cannot be read.
pub(super) fn visible<T>(
    context: &Context<'_>,
    container: Option<&Securable>,
    items: Vec<T>,
    of: impl Fn(&T) -> (Securable, String),
) -> Result<Vec<T>, SqlError> {
    context.objects.ask(|known| known.visible(context.user, container, items, of))
}
