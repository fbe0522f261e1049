//! INSERT with Databricks' store assignment, and what the catalog knows of how columns take values.

use super::{
    context::Context,
    database::Session,
    objects::Objects,
    schema::{self, Table, TableColumn, TypeName},
};
use crate::{
    catalog::names::TableName,
    sql::language::{
        error::SqlError,
        metrics::MetricView,
        names::quote,
        statement::{Insert, InsertColumns},
        store::{Columns, Store, StoredColumns},
    },
};

/// The catalog as a translation sees it.
pub(super) struct Catalog<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) objects: &'a Objects,
}

impl Columns for Catalog<'_> {
    fn stored(&self, table: &TableName) -> StoredColumns {
        match schema::table(self.session, self.objects, table) {
            Ok(table) => table.columns.iter().map(|column| (column.name.clone(), store(&table, column))).collect(),
            Err(_) => Vec::new(),
        }
    }

    fn metrics(&self, name: &TableName) -> Option<MetricView> {
        let info = self.objects.ask(|known| known.table(name)).ok().flatten()?;
        info.metrics.then(|| MetricView::parse(info.view_definition.as_deref()?).ok()).flatten()
    }
}

fn store(table: &Table, column: &TableColumn) -> Store {
    match column.kind.name {
        TypeName::Byte => Store::TinyInt,
        TypeName::Short => Store::SmallInt,
        TypeName::Int => Store::Int,
        TypeName::Long => Store::BigInt,
        TypeName::Timestamp => Store::Timestamp,
        _ => match table.info.text_limits.get(&column.name.to_lowercase()) {
            Some(limit) => Store::Text(*limit),
            None => Store::Plain,
        },
    }
}

/// The statement of an INSERT: each column of the query is made to fit the one that it goes to.
///
/// # Errors
/// What is wrong with the query.
pub(super) fn insert_statement(context: &Context<'_>, target: &TableName, insert: &Insert) -> Result<String, SqlError> {
    let list = |names: &[String]| names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    let head = match &insert.columns {
        InsertColumns::InOrder => format!("INSERT INTO {}", target.physical()),
        InsertColumns::Listed(names) => format!("INSERT INTO {} ({})", target.physical(), list(names)),
        InsertColumns::ByName => format!("INSERT INTO {} BY NAME", target.physical()),
    };
    let plain = format!("{head} {}", insert.query);
    let Ok(table) = schema::table(context.session, context.objects, target) else { return Ok(plain) };
    // What cannot be described (DEFAULT in VALUES) or does not match in number goes as it is; DuckDB says what is wrong.
    let Ok(given) = context.describe(&insert.query) else { return Ok(plain) };
    let wanted: Vec<&str> = match &insert.columns {
        InsertColumns::InOrder => table.columns.iter().map(|column| column.name.as_str()).collect(),
        InsertColumns::Listed(names) => names.iter().map(String::as_str).collect(),
        InsertColumns::ByName => given.iter().map(|(name, _)| name.as_str()).collect(),
    };
    if wanted.len() != given.len() {
        return Ok(plain);
    }
    let mut items = Vec::new();
    let mut changed = false;
    for (index, (name, (_, kind))) in wanted.iter().zip(&given).enumerate() {
        let column = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        let store = column.map_or(Store::Plain, |column| store(&table, column));
        let fits = column.is_some_and(|column| column.kind == schema::SqlType::parse(kind))
            && !matches!(store, Store::Text(_));
        let value = format!("bl_q.c{index}");
        let value = match store.template().filter(|_| !fits) {
            Some(template) => {
                changed = true;
                template.replace("_0", &value)
            }
            None => value,
        };
        items.push(format!("{value} AS {}", quote(name)));
    }
    if !changed {
        return Ok(plain);
    }
    let names: Vec<_> = (0..given.len()).map(|index| format!("c{index}")).collect();
    Ok(format!("{head} SELECT {} FROM ({}) AS bl_q({})", items.join(", "), insert.query, names.join(", ")))
}
