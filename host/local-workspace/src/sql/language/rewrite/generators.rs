//! Clauses of SELECT and MERGE that DuckDB writes differently: generators (explode and its like) in the SELECT list, in
//! FROM and in LATERAL VIEW; `range` as a table; VALUES without column names; Spark's SORT BY family; MERGE's SET.

use polyglot_sql::{
    Expression,
    expressions::{
        Alias, From, Identifier, Join, JoinKind, LateralView, Merge, OrderBy, Select, Subquery, Values, When,
    },
};

use crate::sql::language::{
    builders::{self, alias, fill, fragment, function, integer_value},
    error::SqlError,
};

/// Table functions that FROM may call; everything else there is refused.
const TABLE_FUNCTIONS: [&str; 1] = ["range"];

pub(super) fn select(mut select: Select) -> Result<Expression, SqlError> {
    select.hint = None;
    select.distribute_by = None;
    if let Some(cluster) = select.cluster_by.take() {
        select.order_by = select.order_by.or(Some(order(cluster.expressions)));
    }
    if let Some(sort) = select.sort_by.take() {
        select.order_by = select.order_by.or(Some(order(sort.expressions)));
    }
    let mut items = Vec::new();
    for item in std::mem::take(&mut select.expressions) {
        items.extend(projection(item)?);
    }
    select.expressions = items;
    if let Some(from) = &mut select.from {
        for relation in &mut from.expressions {
            *relation = relation_of(take(relation))?;
        }
    }
    if let Some(group) = &mut select.group_by {
        grouping(&mut group.expressions);
    }
    for join in &mut select.joins {
        join.kind = match join.kind {
            JoinKind::LeftSemi => JoinKind::Semi,
            JoinKind::LeftAnti => JoinKind::Anti,
            // With a condition it is none.
            JoinKind::Cross if join.on.is_some() => JoinKind::Inner,
            kind => kind,
        };
        let conditional = matches!(
            join.kind,
            JoinKind::Inner | JoinKind::Left | JoinKind::Right | JoinKind::Full | JoinKind::Semi | JoinKind::Anti
        );
        if conditional && join.on.is_none() && join.using.is_empty() && !join.deferred_condition {
            join.on = Some(fragment("TRUE")?);
        }
        join.this = relation_of(take(&mut join.this))?;
    }
    for view in std::mem::take(&mut select.lateral_views) {
        lateral_view(&mut select, view)?;
    }
    Ok(Expression::Select(Box::new(select)))
}

/// `GROUP BY a, b WITH ROLLUP` is `GROUP BY ROLLUP (a, b)`, and so for CUBE.
fn grouping(expressions: &mut Vec<Expression>) {
    let name = match expressions.last() {
        Some(Expression::Rollup(rollup)) if rollup.expressions.is_empty() => "ROLLUP",
        Some(Expression::Cube(cube)) if cube.expressions.is_empty() => "CUBE",
        _ => return,
    };
    expressions.pop();
    let all = std::mem::take(expressions);
    expressions.push(function(name, all));
}

fn order(expressions: Vec<polyglot_sql::expressions::Ordered>) -> OrderBy {
    OrderBy { expressions, siblings: false, comments: Vec::new() }
}

fn take(slot: &mut Expression) -> Expression {
    std::mem::replace(slot, builders::null())
}

/// A generator call with its name in lower case and its arguments.
fn generator(expression: &Expression) -> Option<(String, Vec<Expression>)> {
    match expression {
        Expression::Explode(f) => Some(("explode".to_owned(), vec![f.this.clone()])),
        Expression::ExplodeOuter(f) => Some(("explode_outer".to_owned(), vec![f.this.clone()])),
        Expression::Function(f) => {
            let name = f.name.to_lowercase();
            let known = [
                "explode",
                "explode_outer",
                "posexplode",
                "posexplode_outer",
                "inline",
                "inline_outer",
                "stack",
                "json_tuple",
            ];
            known.contains(&name.as_str()).then(|| (name, f.args.clone()))
        }
        _ => None,
    }
}

/// A SELECT item; a generator becomes one item for each of its columns.
fn projection(item: Expression) -> Result<Vec<Expression>, SqlError> {
    let (call, names) = match &item {
        Expression::Alias(a) => {
            let mut names: Vec<_> = a.column_aliases.iter().map(|c| c.name.clone()).collect();
            if names.is_empty() && !a.alias.name.is_empty() {
                names.push(a.alias.name.clone());
            }
            (&a.this, names)
        }
        other => (other, Vec::new()),
    };
    let Some((name, args)) = generator(call) else {
        return Ok(vec![item]);
    };
    columns(&name, &args, &names)
}

/// The columns that a generator makes, named as asked or by default.
fn columns(name: &str, args: &[Expression], names: &[String]) -> Result<Vec<Expression>, SqlError> {
    let outer = name.ends_with("_outer");
    let array = |value: &Expression| {
        let template = if outer { "CASE WHEN spark_len(_0) > 0 THEN _0 ELSE [NULL] END" } else { "_0" };
        fill(template, std::slice::from_ref(value))
    };
    let (defaults, values): (Vec<String>, Vec<Expression>) = match (name.trim_end_matches("_outer"), args) {
        ("explode", [value]) if names.len() == 2 || is_map(value) => (
            vec!["key".to_owned(), "value".to_owned()],
            vec![
                fill("unnest(map_keys(_0))", std::slice::from_ref(value))?,
                fill("unnest(map_values(_0))", std::slice::from_ref(value))?,
            ],
        ),
        ("explode", [value]) => (vec!["col".to_owned()], vec![function("unnest", vec![array(value)?])]),
        ("posexplode", [value]) => (
            vec!["pos".to_owned(), "col".to_owned()],
            vec![
                fill("CAST(generate_subscripts(_0, 1) - 1 AS INTEGER)", &[array(value)?])?,
                function("unnest", vec![array(value)?]),
            ],
        ),
        ("inline", [value]) => {
            return Ok(vec![fill("unnest(_0, max_depth := 2)", std::slice::from_ref(value))?]);
        }
        ("stack", [rows, values @ ..]) => stack(rows, values)?,
        ("json_tuple", [json, fields @ ..]) => {
            let mut values = Vec::new();
            for field in fields {
                values.push(fill("TRY(json_extract_string(_0, '$.' || _1))", &[json.clone(), field.clone()])?);
            }
            ((0..fields.len()).map(|i| format!("c{i}")).collect(), values)
        }
        _ => return Err(SqlError::unsupported(format!("This use of {name}"))),
    };
    let name_of = |index: usize, default: &String| names.get(index).unwrap_or(default).clone();
    Ok(values.into_iter().enumerate().zip(&defaults).map(|((i, v), d)| alias(v, &name_of(i, d))).collect())
}

fn stack(rows: &Expression, values: &[Expression]) -> Result<(Vec<String>, Vec<Expression>), SqlError> {
    let rows = integer_value(rows).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let rows = rows.ok_or_else(|| SqlError::unsupported("stack with a computed number of rows"))?;
    let width = values.len().div_ceil(rows);
    let column = |index: usize| {
        let cells = (0..rows).map(|row| values.get(row * width + index).cloned().unwrap_or_else(builders::null));
        function("unnest", vec![function("list_value", cells.collect())])
    };
    Ok(((0..width).map(|i| format!("col{i}")).collect(), (0..width).map(column).collect()))
}

fn is_map(expression: &Expression) -> bool {
    match expression {
        Expression::Function(f) => f.name.to_lowercase().starts_with("map"),
        Expression::MapFunc(_) | Expression::Map(_) | Expression::MapFromEntries(_) => true,
        _ => false,
    }
}

/// What stands in FROM or JOIN.
fn relation_of(relation: Expression) -> Result<Expression, SqlError> {
    match relation {
        Expression::Lateral(lateral) => {
            let Some((name, args)) = generator(&lateral.this) else {
                return Ok(Expression::Lateral(lateral));
            };
            let table = lateral.alias.unwrap_or_default();
            generated_table(&name, &args, &table, &lateral.column_aliases)
        }
        Expression::Alias(a) => match generator(&a.this) {
            Some((name, args)) => {
                let names: Vec<_> = a.column_aliases.iter().map(|c| c.name.clone()).collect();
                generated_table(&name, &args, &a.alias.name, &names)
            }
            None => match &a.this {
                Expression::Function(f) => {
                    check_table_function(&f.name)?;
                    let mut a = *a;
                    if a.column_aliases.is_empty() {
                        a.column_aliases.push(Identifier::quoted("id"));
                    }
                    Ok(Expression::Alias(Box::new(a)))
                }
                _ => Ok(Expression::Alias(a)),
            },
        },
        Expression::Function(f) => {
            if let Some((name, args)) = generator(&Expression::Function(f.clone())) {
                return generated_table(&name, &args, "", &[]);
            }
            check_table_function(&f.name)?;
            let mut named = Alias::new(Expression::Function(f), Identifier::quoted("range"));
            named.column_aliases.push(Identifier::quoted("id"));
            Ok(Expression::Alias(Box::new(named)))
        }
        Expression::Explode(_) | Expression::ExplodeOuter(_) => {
            let (name, args) = generator(&relation).unwrap_or_default();
            generated_table(&name, &args, "", &[])
        }
        Expression::Values(values) => Ok(Expression::Values(Box::new(named_values(*values)))),
        other => Ok(other),
    }
}

fn check_table_function(name: &str) -> Result<(), SqlError> {
    if TABLE_FUNCTIONS.contains(&name.to_lowercase().as_str()) {
        return Ok(());
    }
    let detail = format!("Could not resolve `{name}` to a table-valued function.");
    Err(SqlError::new("UNRESOLVABLE_TABLE_VALUED_FUNCTION", "42883", detail))
}

/// VALUES as a table calls its columns col1, col2, ...
fn named_values(mut values: Values) -> Values {
    let width = values.expressions.first().map_or(0, |row| row.expressions.len());
    if values.column_aliases.is_empty() {
        values.alias = values.alias.or_else(|| Some(Identifier::quoted("values")));
        values.column_aliases = (1..=width).map(|i| Identifier::quoted(format!("col{i}"))).collect();
    }
    values
}

/// `(SELECT <generator's columns>) AS table(names)`, which DuckDB joins laterally by itself.
fn generated_table(name: &str, args: &[Expression], table: &str, names: &[String]) -> Result<Expression, SqlError> {
    let mut query = match fragment("(SELECT 1)")? {
        Expression::Subquery(subquery) => *subquery,
        _ => return Err(SqlError::internal("a subquery template does not parse")),
    };
    if let Expression::Select(select) = &mut query.this {
        select.expressions = columns(name, args, names)?;
    }
    query.alias = Some(Identifier::quoted(if table.is_empty() { "generated" } else { table }));
    query.alias_explicit_as = true;
    query.column_aliases = names.iter().map(Identifier::quoted).collect();
    Ok(Expression::Subquery(Box::new(Subquery { ..query })))
}

fn lateral_view(select: &mut Select, view: LateralView) -> Result<(), SqlError> {
    let Some((name, args)) = generator(&view.this) else {
        return Err(SqlError::unsupported("LATERAL VIEW of this function"));
    };
    let table = view.table_alias.map(|i| i.name).unwrap_or_default();
    let names: Vec<_> = view.column_aliases.iter().map(|i| i.name.clone()).collect();
    let relation = generated_table(&name, &args, &table, &names)?;
    if select.from.is_none() {
        select.from = Some(From { expressions: vec![relation] });
        return Ok(());
    }
    let mut join = join_template()?;
    join.this = relation;
    join.kind = if view.outer { JoinKind::Left } else { JoinKind::Inner };
    join.on = Some(fragment("TRUE")?);
    select.joins.push(join);
    Ok(())
}

fn join_template() -> Result<Join, SqlError> {
    match fragment("(SELECT 1 FROM a JOIN b ON TRUE)")? {
        Expression::Subquery(subquery) => match subquery.this {
            Expression::Select(mut select) => select.joins.pop(),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| SqlError::internal("a join template does not parse"))
}

/// MERGE's UPDATE SET names the target's columns without their table; `*` means all columns by their names.
pub(super) fn merge_branch(mut when: When) -> Expression {
    if let Expression::Tuple(action) = when.then.as_mut()
        && let [Expression::Var(verb), Expression::Star(_)] = action.expressions.as_mut_slice()
    {
        verb.this.push_str(" BY NAME");
        action.expressions.pop();
        if let Some(verb) = action.expressions.pop() {
            *when.then = verb;
        }
        return Expression::When(Box::new(when));
    }
    let Expression::Tuple(action) = when.then.as_mut() else {
        return Expression::When(Box::new(when));
    };
    for part in &mut action.expressions {
        let Expression::Tuple(assignments) = part else {
            continue;
        };
        for assignment in &mut assignments.expressions {
            if let Expression::Eq(op) = assignment
                && let Expression::Column(column) = &mut op.left
            {
                column.table = None;
            }
        }
    }
    Expression::When(Box::new(when))
}

/// A query for target rows that several source rows match, where MERGE would update them more than once: one
/// unconditional WHEN MATCHED THEN UPDATE. With conditions the question cannot be asked from outside.
pub(super) fn merge_check(merge: &Merge) -> Option<Expression> {
    let Some(Expression::Whens(whens)) = merge.whens.as_deref() else { return None };
    let matched = |when: &&When| matches!(when.matched.as_deref(), Some(Expression::Boolean(b)) if b.value);
    let branches = whens.expressions.iter().filter_map(|e| match e {
        Expression::When(when) => Some(when.as_ref()),
        _ => None,
    });
    let matched: Vec<_> = branches.filter(matched).collect();
    let [when] = matched.as_slice() else { return None };
    let deletes = matches!(when.then.as_ref(), Expression::Var(verb) if verb.this == "DELETE");
    if deletes || when.condition.is_some() {
        return None;
    }
    let target = match merge.this.as_ref() {
        Expression::Alias(alias) => alias.alias.clone(),
        Expression::Table(table) => table.alias.clone().unwrap_or_else(|| table.name.clone()),
        _ => return None,
    };
    let row = builders::column(Some(target), Identifier::new("rowid"));
    let query = fill("(SELECT 1 FROM a JOIN b ON TRUE GROUP BY _0 HAVING count(*) > 1 LIMIT 1)", &[row]).ok()?;
    let Expression::Subquery(subquery) = query else { return None };
    let Expression::Select(mut select) = subquery.this else { return None };
    *select.from.as_mut()?.expressions.first_mut()? = merge.this.as_ref().clone();
    let join = select.joins.first_mut()?;
    join.this = merge.using.as_ref().clone();
    join.on = Some(merge.on.as_deref()?.clone());
    Some(Expression::Select(select))
}

#[cfg(test)]
mod tests {
    use super::{builders::number, *};

    #[test]
    fn stack_fills_rows_from_left_to_right() {
        let values: Vec<_> = (1..=4).map(number).collect();
        let (names, columns) = stack(&number(2), &values).unwrap();
        assert_eq!((names.len(), columns.len()), (2, 2));
    }
}
