//! Queries of metric views: `MEASURE(m)` becomes the measure's aggregate and a dimension its expression, over the view's
//! source. What the view defines stands in the query then, so that any grouping and any condition mean what they mean of
//! a table.

use std::cell::RefCell;

use polyglot_sql::{
    Expression,
    expressions::{Column, From, GroupBy, Identifier, Select, Where},
    traversal::{ExpressionWalk, transform_all},
};

use crate::sql::language::{
    builders::{alias, and, bracket, column, null},
    error::SqlError,
    metrics::{MetricView, invalid},
};

/// What the source is called in a definition.
const SOURCE: &str = "source";

/// Names with which parts of a query that have names of their own are kept away.
const AWAY: &str = "bl_away_";

/// A metric view as the parts of a query.
#[derive(Debug)]
pub(super) struct Shape {
    from: From,
    joins: Vec<polyglot_sql::expressions::Join>,
    filter: Option<Expression>,
    dimensions: Vec<(String, Expression)>,
    measures: Vec<(String, Expression)>,
}

/// The text of a query that has all parts of a definition, over the tables of these names.
pub(super) fn text(view: &MetricView, tables: &[String]) -> String {
    let tick = |name: &str| format!("`{}`", name.replace('`', "``"));
    let items: Vec<_> = view.fields().map(|field| format!("({}\n)", field.expr)).collect();
    let mut tables = tables.iter().map(|table| tick(table));
    let mut text = format!("SELECT {} FROM {} AS {SOURCE}", items.join(", "), tables.next().unwrap_or_default());
    for (join, table) in view.joins.iter().zip(tables) {
        let name = tick(&join.name);
        let on = join.on.clone().unwrap_or_else(|| {
            let same = |key: &String| format!("{SOURCE}.{0} = {name}.{0}", tick(key));
            join.using.iter().map(same).collect::<Vec<_>>().join(" AND ")
        });
        text.push_str(&format!(" LEFT JOIN {table} AS {name} ON ({on}\n)"));
    }
    if let Some(filter) = &view.filter {
        text.push_str(&format!(" WHERE ({filter}\n)"));
    }
    text
}

impl Shape {
    /// The parts from the parsed [`text`].
    ///
    /// # Errors
    /// A definition whose expressions are more than expressions of the source.
    pub(super) fn of(view: &MetricView, parsed: Expression) -> Result<Self, SqlError> {
        let tables = parsed.dfs().filter(|node| matches!(node, Expression::Table(_))).count();
        let selects = parsed.dfs().filter(|node| matches!(node, Expression::Select(_) | Expression::Union(_))).count();
        let Expression::Select(mut select) = parsed else { return Err(invalid("it is no query")) };
        if tables != view.joins.len() + 1 || selects != 1 || select.expressions.len() != view.fields().count() {
            return Err(invalid("an expression is no expression of the source and its joins"));
        }
        let mut expressions = std::mem::take(&mut select.expressions).into_iter();
        let (mut dimensions, mut measures) = (Vec::new(), Vec::new());
        for (field, expression) in view.dimensions.iter().zip(expressions.by_ref()) {
            let expression = expand(expression, &dimensions, &[], !view.joins.is_empty())?;
            dimensions.push((field.name.clone(), expression));
        }
        for (field, expression) in view.measures.iter().zip(expressions) {
            let expression = expand(expression, &dimensions, &measures, !view.joins.is_empty())?;
            measures.push((field.name.clone(), expression));
        }
        let filter = select.where_clause.take().map(|clause| clause.this);
        let filter = filter.map(|filter| expand(filter, &dimensions, &[], !view.joins.is_empty())).transpose()?;
        let from = select.from.take().ok_or_else(|| invalid("it has no source"))?;
        Ok(Self { from, joins: std::mem::take(&mut select.joins), filter, dimensions, measures })
    }

    /// The query for all dimensions and measures, by which the view's columns are known.
    pub(super) fn whole(self) -> Expression {
        let mut select = Select::default();
        let columns = self.dimensions.iter().chain(&self.measures);
        select.expressions = columns.map(|(name, expression)| alias(bracket(expression.clone()), name)).collect();
        if !self.measures.is_empty() {
            let keys = self.dimensions.iter().map(|(_, expression)| bracket(expression.clone())).collect();
            select.group_by = (!self.dimensions.is_empty()).then(|| GroupBy {
                expressions: keys,
                all: None,
                totals: false,
                comments: Vec::new(),
            });
        }
        select.from = Some(self.from);
        select.joins = self.joins;
        select.where_clause = self.filter.map(|this| Where { this });
        Expression::Select(Box::new(select))
    }

    /// A query of the view, under the name that the query knows it by.
    ///
    /// # Errors
    /// Measures without MEASURE, columns that the view has not got, `*`, and what is not done with metric views.
    pub(super) fn query(self, mut select: Select, name: &str) -> Result<Expression, SqlError> {
        if !select.joins.is_empty() || !select.lateral_views.is_empty() {
            return Err(join_refused());
        }
        if select.expressions.iter().any(|item| matches!(item, Expression::Star(_))) {
            return Err(self.bare(self.measures.iter().map(|(name, _)| name.as_str())));
        }
        let mut aliases = Vec::new();
        for item in &mut select.expressions {
            match item {
                Expression::Alias(named) => aliases.push(named.alias.name.to_lowercase()),
                other => {
                    if let Some(name) = self.own_name(other) {
                        let inner = std::mem::replace(other, column(None, Identifier::quoted("")));
                        *other = alias(inner, &name);
                    }
                }
            }
        }
        let away = RefCell::new(Vec::new());
        select.from = None;
        let hidden = transform_all(Expression::Select(Box::new(select)), &|node| {
            Ok(match node {
                // The query itself has no FROM at the moment.
                Expression::Select(inner) if inner.from.is_none() => Expression::Select(inner),
                Expression::Select(_) | Expression::Union(_) | Expression::Subquery(_) | Expression::Exists(_) => {
                    let mut away = away.borrow_mut();
                    away.push(node);
                    column(None, Identifier::quoted(format!("{AWAY}{}", away.len() - 1)))
                }
                other => other,
            })
        });
        let hidden = hidden.map_err(|e| SqlError::internal(e.to_string()))?;
        // An alias of the list is nothing that the list itself may name.
        if let Expression::Select(whole) = &hidden {
            whole.expressions.iter().try_for_each(|item| self.check_measures(item, name, &[]))?;
        }
        let rest = match hidden.clone() {
            Expression::Select(mut whole) => {
                whole.expressions.clear();
                Expression::Select(whole)
            }
            other => other,
        };
        self.check_measures(&rest, name, &aliases)?;
        let failure = RefCell::new(None);
        let replaced = transform_all(hidden, &|node| {
            self.replace(node, name, &aliases).map_err(|e| {
                *failure.borrow_mut() = Some(e);
                polyglot_sql::Error::generate("see the failure beside")
            })
        });
        if let Some(failure) = failure.into_inner() {
            return Err(failure);
        }
        let mut whole = replaced.map_err(|e| SqlError::internal(e.to_string()))?;
        for (index, part) in away.into_inner().into_iter().enumerate().rev() {
            let place = format!("{AWAY}{index}");
            whole = transform_all(whole, &|node| {
                Ok(match &node {
                    Expression::Column(column) if column.name.name == place => part.clone(),
                    _ => node,
                })
            })
            .map_err(|e| SqlError::internal(e.to_string()))?;
        }
        let Expression::Select(mut select) = whole else { return Ok(whole) };
        select.from = Some(self.from);
        select.joins = self.joins;
        if let Some(filter) = self.filter {
            match &mut select.where_clause {
                Some(clause) => and(&mut clause.this, &bracket(filter)),
                None => select.where_clause = Some(Where { this: filter }),
            }
        }
        Ok(Expression::Select(select))
    }

    /// What a bare item of the SELECT list is called in the result.
    fn own_name(&self, item: &Expression) -> Option<String> {
        match item {
            Expression::Column(column) => Some(column.name.name.clone()),
            Expression::Function(call) if is_measure(&call.name) => match call.args.as_slice() {
                [Expression::Column(column)] => Some(format!("{}({})", call.name.to_lowercase(), column.name.name)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Refuses measures without MEASURE around them.
    fn check_measures(&self, query: &Expression, view: &str, aliases: &[String]) -> Result<(), SqlError> {
        let bare = transform_all(query.clone(), &|node| {
            Ok(match node {
                Expression::Function(call) if is_measure(&call.name) => null(),
                other => other,
            })
        });
        let bare = bare.map_err(|e| SqlError::internal(e.to_string()))?;
        let is_bare = |node: &Expression| match node {
            Expression::Column(found) => {
                let name = &found.name.name;
                let is_alias = found.table.is_none() && aliases.contains(&name.to_lowercase());
                (of(found, view) && !is_alias && named(&self.measures, name).is_some()).then(|| name.clone())
            }
            _ => None,
        };
        bare.dfs().find_map(is_bare).map_or(Ok(()), |name| Err(self.bare([name.as_str()].into_iter())))
    }

    fn replace(&self, node: Expression, view: &str, aliases: &[String]) -> Result<Expression, SqlError> {
        match node {
            Expression::Column(found) => {
                let name = &found.name.name;
                if !of(&found, view) || name.starts_with(AWAY) {
                    return Ok(Expression::Column(found));
                }
                if let Some(dimension) = named(&self.dimensions, name) {
                    return Ok(bracket(dimension.clone()));
                }
                // Measures are looked at with the MEASURE around them.
                if named(&self.measures, name).is_some() || aliases.contains(&name.to_lowercase()) {
                    return Ok(Expression::Column(found));
                }
                let known: Vec<_> =
                    self.dimensions.iter().chain(&self.measures).map(|(name, _)| name.clone()).collect();
                Err(SqlError::column_not_found(name, &known))
            }
            Expression::Function(call) if is_measure(&call.name) => {
                let [Expression::Column(found)] = call.args.as_slice() else { return Err(one_measure()) };
                named(&self.measures, &found.name.name).map(|measure| bracket(measure.clone())).ok_or_else(one_measure)
            }
            other => Ok(other),
        }
    }

    fn bare<'a>(&self, measures: impl Iterator<Item = &'a str>) -> SqlError {
        let detail = format!(
            "The usage of measure column [{}] of a metric view requires a MEASURE() (or AGG()) function to produce results.",
            measures.collect::<Vec<_>>().join(",")
        );
        SqlError::new("METRIC_VIEW_MISSING_MEASURE_FUNCTION", "42803", detail)
    }
}

/// Whether a column may be the view's, which the query knows by this name.
fn of(column: &Column, view: &str) -> bool {
    column.table.as_ref().is_none_or(|table| table.name.eq_ignore_ascii_case(view))
}

fn is_measure(name: &str) -> bool {
    name.eq_ignore_ascii_case("measure") || name.eq_ignore_ascii_case("agg")
}

fn named<'a>(list: &'a [(String, Expression)], name: &str) -> Option<&'a Expression> {
    list.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, expression)| expression)
}

/// Dimensions and measures that an expression of a definition names become their expressions; beside joins, a column
/// without a table is the source's.
fn expand(
    expression: Expression,
    dimensions: &[(String, Expression)],
    measures: &[(String, Expression)],
    joined: bool,
) -> Result<Expression, SqlError> {
    let known = |node: Expression| match &node {
        Expression::Column(found) if found.table.is_none() => match named(dimensions, &found.name.name) {
            Some(dimension) => bracket(dimension.clone()),
            None if joined && named(measures, &found.name.name).is_none() => {
                column(Some(Identifier::new(SOURCE)), found.name.clone())
            }
            None => node,
        },
        Expression::Function(call) if is_measure(&call.name) => match call.args.as_slice() {
            [Expression::Column(found)] => match named(measures, &found.name.name) {
                Some(measure) => bracket(measure.clone()),
                None => node,
            },
            _ => node,
        },
        _ => node,
    };
    transform_all(expression, &|node| Ok(known(node))).map_err(|e| SqlError::internal(e.to_string()))
}

/// `METRIC_VIEW_JOIN_NOT_SUPPORTED`.
pub(super) fn join_refused() -> SqlError {
    let detail = "The metric view is not allowed to use joins. Query it in a common table expression, and join that.";
    SqlError::new("METRIC_VIEW_JOIN_NOT_SUPPORTED", "42K0M", detail)
}

fn one_measure() -> SqlError {
    let detail =
        "The current metric view usage is not supported. MEASURE() requires exactly one measure column as argument.";
    SqlError::new("UNSUPPORTED_METRIC_VIEW_USAGE.MEASURE_REQUIRES_EXACTLY_ONE_COLUMN", "0A000", detail)
}
