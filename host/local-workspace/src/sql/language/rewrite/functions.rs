//! Function calls and operators with Spark's meaning.

use polyglot_sql::{
    Expression,
    expressions::{
        AggFunc, AggregateFunction, BinaryOp, Cast, DataType, Function, LikeOp, Literal, MethodCall, Subscript,
        WithinGroup,
    },
    traversal::contains_aggregate,
};

use super::{
    dates::{date_arithmetic, date_part, trunc_unit, unit_name, with_pattern},
    guard::check_function,
    nested::{
        arrays_zip, from_json, indexed, map, named_structure, over_entries, reduce, structure, wrong_arguments,
        zip_with,
    },
    templates::template,
};
use crate::catalog::names::TableName;
use crate::sql::language::{
    builders::{bracket, chain, fill, function, integer_value, null, number, string_value, text},
    error::SqlError,
    missing::is_missing_function,
    names::Namespace,
    parameters::{GROUPS_VARIABLE, USER_VARIABLE},
};

/// Rewrites one node; its children are rewritten already.
pub(super) fn rewrite(node: Expression, namespace: &Namespace, maps: bool) -> Result<Expression, SqlError> {
    match node {
        Expression::Function(f) => call(*f, namespace, maps),
        Expression::AggregateFunction(f) => aggregate(*f),
        Expression::Div(op) => binary("spark_divide", *op),
        Expression::Mod(op) => binary("spark_modulo", *op),
        Expression::ModFunc(op) => Ok(function("spark_modulo", vec![op.this, op.expression])),
        Expression::IntDiv(op) => Ok(function("spark_integer_divide", vec![op.this, op.expression])),
        Expression::BitwiseXor(op) => Ok(function("xor", vec![op.left, op.right])),
        Expression::Subscript(subscript) => subscripted(*subscript, maps),
        Expression::Cast(cast) => cast_to(*cast, false),
        Expression::TryCast(cast) => cast_to(*cast, true),
        Expression::JSONExtract(extract) => json_path(*extract.this, &extract.expression),
        Expression::Like(like) => Ok(Expression::Like(escaping(like))),
        Expression::ILike(like) => Ok(Expression::ILike(escaping(like))),
        Expression::Literal(literal) => match *literal {
            Literal::Timestamp(value) => Ok(function("spark_timestamp", vec![text(&value)])),
            literal => Ok(Expression::Literal(Box::new(literal))),
        },
        Expression::WindowFunction(mut window) => match out_of_empty(window.this) {
            Ok(list) => {
                window.this = list;
                Ok(function(OR_EMPTY, vec![Expression::WindowFunction(window)]))
            }
            Err(this) => {
                window.this = this;
                Ok(Expression::WindowFunction(window))
            }
        },
        Expression::Filter(mut filter) => match out_of_empty(*filter.this) {
            Ok(list) => {
                filter.this = Box::new(list);
                Ok(function(OR_EMPTY, vec![Expression::Filter(filter)]))
            }
            Err(this) => {
                filter.this = Box::new(this);
                Ok(Expression::Filter(filter))
            }
        },
        Expression::WithinGroup(f) => within_group(*f),
        Expression::First(f) => positional(*f, "first"),
        Expression::Last(f) => positional(*f, "last"),
        Expression::ArrayAgg(f) => collect(f.this, f.distinct, f.filter, f.order_by),
        Expression::Nvl(f) => fill("coalesce(_0, _1)", &[f.this, f.expression]),
        Expression::Nvl2(f) => {
            fill("CASE WHEN _0 IS NOT NULL THEN _1 ELSE _2 END", &[f.this, f.true_value, f.false_value])
        }
        Expression::IfFunc(f) => {
            let otherwise = f.false_value.unwrap_or_else(null);
            fill("CASE WHEN _0 THEN _1 ELSE _2 END", &[f.condition, f.true_value, otherwise])
        }
        Expression::Extract(extract) => {
            let field = format!("{:?}", extract.field).to_lowercase();
            date_part(&field, extract.this)
        }
        Expression::Rand(_) | Expression::Random(_) => Ok(function("random", Vec::new())),
        Expression::CurrentDate(_) => fill("CAST(now() AS DATE)", &[]),
        Expression::CurrentTimestamp(_) | Expression::CurrentTimestampLTZ(_) | Expression::Localtimestamp(_) => {
            fill("CAST(now() AS TIMESTAMP)", &[])
        }
        Expression::CurrentUser(_) | Expression::SessionUser(_) => Ok(current_user()),
        Expression::CurrentSchema(_) => Ok(text(&namespace.schema)),
        Expression::Lateral(lateral) => Ok(Expression::Lateral(lateral)),
        node => typed(node, namespace, maps),
    }
}

/// Typed nodes whose DuckDB print has another meaning go the way of the plain call with Spark's name.
fn typed(node: Expression, namespace: &Namespace, maps: bool) -> Result<Expression, SqlError> {
    let plain = |name: &str, args: Vec<Expression>| {
        call(Function { name: name.to_owned(), args, ..Function::default() }, namespace, maps)
    };
    match node {
        Expression::DayOfWeek(f) => plain("dayofweek", vec![f.this]),
        Expression::DayOfWeekIso(f) => plain("dayofweek_iso", vec![f.this]),
        Expression::DayOfMonth(f) => plain("day", vec![f.this]),
        Expression::DayOfYear(f) => plain("dayofyear", vec![f.this]),
        Expression::WeekOfYear(f) => plain("weekofyear", vec![f.this]),
        Expression::LastDay(f) => plain("last_day", vec![f.this]),
        Expression::AddMonths(f) => plain("add_months", vec![f.this, f.expression]),
        Expression::MonthsBetween(f) => plain("months_between", vec![f.this, f.expression]),
        Expression::NextDay(f) => plain("next_day", vec![f.this, f.expression]),
        Expression::Typeof(f) => plain("typeof", vec![f.this]),
        Expression::Cardinality(f) => plain("size", vec![f.this]),
        Expression::ArraySize(f) => plain("size", vec![f.this]),
        Expression::ArrayLength(f) => plain("size", vec![f.this]),
        Expression::ArrayContains(f) => plain("array_contains", vec![f.this, f.expression]),
        Expression::ArrayUnion(f) => plain("array_union", vec![f.this, f.expression]),
        Expression::ArrayExcept(f) => plain("array_except", vec![f.this, f.expression]),
        Expression::ArrayRemove(f) => plain("array_remove", vec![f.this, f.expression]),
        Expression::ArrayPosition(f) => plain("array_position", vec![f.this, f.expression]),
        Expression::ArrayAppend(f) => plain("array_append", vec![f.this, f.expression]),
        Expression::ArrayPrepend(f) => plain("array_prepend", vec![f.this, f.expression]),
        Expression::ArrayIntersect(f) => plain("array_intersect", f.expressions),
        Expression::ArrayConcat(f) => plain("concat", f.expressions),
        Expression::ArrayCompact(f) => plain("array_compact", vec![f.this]),
        Expression::ArrayFlatten(f) => plain("flatten", vec![f.this]),
        Expression::ArrayReverse(f) => plain("reverse", vec![f.this]),
        Expression::ArrayDistinct(f) => plain("array_distinct", vec![f.this]),
        Expression::ElementAt(f) => plain("element_at", vec![f.this, f.expression]),
        Expression::MapFromArrays(f) => plain("map_from_arrays", vec![f.this, f.expression]),
        Expression::MapContainsKey(f) => plain("map_contains_key", vec![f.this, f.expression]),
        Expression::ToJson(f) => plain("to_json", vec![f.this]),
        Expression::JsonArrayLength(f) => plain("json_array_length", vec![f.this]),
        Expression::ParseJson(f) => plain("parse_json", vec![f.this]),
        Expression::Length(f) => plain("length", vec![f.this]),
        Expression::Initcap(f) => plain("initcap", vec![f.this]),
        Expression::Hex(f) => plain("hex", vec![f.this]),
        Expression::Mode(f) => Ok(Expression::Mode(f)),
        Expression::SHA(f) => plain("sha1", vec![f.this]),
        Expression::SHA2(f) => plain("sha2", std::iter::once(*f.this).chain(f.length.map(number)).collect()),
        Expression::RegexpLike(f) => Ok(function("regexp_matches", vec![f.this, f.pattern])),
        Expression::Soundex(_) => Err(SqlError::unsupported("The function soundex")),
        node => Ok(node),
    }
}

fn binary(name: &str, op: BinaryOp) -> Result<Expression, SqlError> {
    Ok(function(name, vec![op.left, op.right]))
}

/// Who runs the statement, also where a view or a function asks that somebody else made.
fn current_user() -> Expression {
    function("getvariable", vec![text(USER_VARIABLE)])
}

/// A call by name: special forms first, then templates, then macros and DuckDB's own functions of the same name.
fn call(mut f: Function, namespace: &Namespace, maps: bool) -> Result<Expression, SqlError> {
    check_function(&f.name)?;
    let name = f.name.to_lowercase();
    let count = f.args.len();
    match (name.as_str(), f.args.as_mut_slice()) {
        ("current_user" | "user" | "session_user", []) => {
            return Ok(current_user());
        }
        ("is_account_group_member" | "is_member", [group]) => {
            let template = format!("list_contains(getvariable('{GROUPS_VARIABLE}'), _0)");
            return fill(&template, std::slice::from_ref(group));
        }
        ("current_catalog", []) => return Ok(text(&namespace.catalog)),
        ("current_schema" | "current_database", []) => return Ok(text(&namespace.schema)),
        ("array", items) => return Ok(function("list_value", items.to_vec())),
        ("struct", items) => return Ok(structure(items.to_vec())),
        ("named_struct", items) => return named_structure(items),
        ("map", items) => return map(items),
        ("size" | "cardinality", [value]) => {
            let length = match (is_map(value), maps) {
                (true, _) => "CAST(cardinality(_0) AS INTEGER)",
                (false, false) => "CAST(spark_len(_0) AS INTEGER)",
                // Somewhere in the statement is a map, maybe here: JSON knows the length of both.
                (false, true) => {
                    "CAST(coalesce(json_array_length(nullif(to_json(_0), '{}')), 0) + spark_len(json_keys(to_json(_0))) AS INTEGER)"
                }
            };
            return fill(length, &f.args);
        }
        ("transform", [array, Expression::Lambda(lambda)]) => {
            return Ok(function("list_transform", vec![array.clone(), indexed(lambda)?]));
        }
        ("filter", [array, Expression::Lambda(lambda)]) => {
            return Ok(function("list_filter", vec![array.clone(), indexed(lambda)?]));
        }
        ("aggregate" | "reduce", _) => return reduce(f.args),
        ("zip_with", [left, right, Expression::Lambda(lambda)]) => {
            return zip_with(left.clone(), right.clone(), lambda);
        }
        ("map_filter", [map, Expression::Lambda(lambda)]) => {
            return over_entries("map_from_entries(list_filter(map_entries(_0), bl_e -> _1))", map, lambda);
        }
        ("transform_values", [map, Expression::Lambda(lambda)]) => {
            let template = "map_from_entries(list_transform(map_entries(_0), bl_e -> {'key': bl_e.key, 'value': _1}))";
            return over_entries(template, map, lambda);
        }
        ("transform_keys", [map, Expression::Lambda(lambda)]) => {
            let template =
                "map_from_entries(list_transform(map_entries(_0), bl_e -> {'key': _1, 'value': bl_e.value}))";
            return over_entries(template, map, lambda);
        }
        ("array_sort", [_, Expression::Lambda(_)]) => {
            return Err(SqlError::unsupported("array_sort with a comparator"));
        }
        ("arrays_zip", items) => return arrays_zip(items),
        ("sort_array", [array, Expression::Boolean(ascending)]) if !ascending.value => {
            return fill("list_sort(_0, 'DESC', 'NULLS LAST')", std::slice::from_ref(array));
        }
        ("concat", items) if !items.is_empty() => return concat(items),
        ("decode", items) if items.len() > 2 => return decode(items),
        ("from_json", [json, schema, ..]) => return from_json(json, schema),
        ("regexp_replace", [subject, pattern, replacement]) => {
            let replacement = match string_value(replacement) {
                Some(value) => text(&java_groups(value)),
                None => replacement.clone(),
            };
            return fill("regexp_replace(_0, _1, _2, 'g')", &[subject.clone(), pattern.clone(), replacement]);
        }
        ("date_format" | "to_char", [value, pattern]) => {
            return with_pattern("strftime(CAST(_0 AS TIMESTAMP), _1)", value, pattern);
        }
        ("to_date", [value, pattern]) => {
            return with_pattern("CAST(strptime(_0, _1) AS DATE)", value, pattern);
        }
        ("try_to_date", [value, pattern]) => {
            return with_pattern("CAST(try_strptime(_0, _1) AS DATE)", value, pattern);
        }
        ("to_timestamp", [value, pattern]) => {
            return with_pattern("strptime(_0, _1)", value, pattern);
        }
        ("try_to_timestamp", [value, pattern]) => {
            return with_pattern("try_strptime(_0, _1)", value, pattern);
        }
        ("unix_timestamp" | "to_unix_timestamp", [value, pattern]) => {
            return with_pattern("CAST(epoch(strptime(_0, _1)) AS BIGINT)", value, pattern);
        }
        ("from_unixtime", [value, pattern]) => {
            return with_pattern("strftime(make_timestamp(CAST(_0 AS BIGINT) * 1000000), _1)", value, pattern);
        }
        ("date_trunc", [unit, value]) => {
            let unit = text(&trunc_unit(unit)?);
            return fill("CAST(date_trunc(_0, CAST(_1 AS TIMESTAMP)) AS TIMESTAMP)", &[unit, value.clone()]);
        }
        ("trunc", [value, unit]) => {
            let unit = text(&trunc_unit(unit)?);
            return fill("CAST(date_trunc(_0, CAST(_1 AS DATE)) AS DATE)", &[unit, value.clone()]);
        }
        ("date_part" | "datepart", [field, value]) => {
            let field = string_value(field).unwrap_or_default().to_lowercase();
            return date_part(&field, value.clone());
        }
        ("dateadd" | "date_add" | "timestampadd", [unit, amount, value]) => {
            return date_arithmetic(unit, amount, value);
        }
        ("datediff" | "date_diff" | "timestampdiff", [unit, from, to]) => {
            let unit = text(&unit_name(unit)?);
            let template = "date_sub(_0, CAST(_1 AS TIMESTAMP), CAST(_2 AS TIMESTAMP))";
            return fill(template, &[unit, from.clone(), to.clone()]);
        }
        ("concat_ws", [separator, values @ ..]) if !values.is_empty() => {
            let item = |value: &Expression| function("spark_concat_ws_item", vec![separator.clone(), value.clone()]);
            f.args = std::iter::once(separator.clone()).chain(values.iter().map(item)).collect();
        }
        ("element_at" | "try_element_at", [value, key]) if maps || is_map(value) || string_value(key).is_some() => {
            return fill("_0[_1]", &f.args);
        }
        ("reverse", [value]) if is_list(value) => return Ok(function("list_reverse", f.args)),
        ("sequence", [from, to]) if contains_aggregate(from) || contains_aggregate(to) => {
            return fill("generate_series(_0, _1, CASE WHEN _0 <= _1 THEN 1 ELSE -1 END)", &f.args);
        }
        ("format_string", _) => f.name = "printf".to_owned(),
        ("sha2", [value, bits]) if !matches!(integer_value(bits), Some(0 | 256)) => {
            let _ = value;
            return Err(SqlError::unsupported("sha2 with other than 256 bits"));
        }
        ("split", [_, _, _]) => return Err(SqlError::unsupported("split with a limit")),
        _ if is_missing_function(&name) => return Err(SqlError::routine_not_found(&name)),
        _ => {}
    }
    match template(&name, count) {
        Some(template) => fill(template, &f.args),
        None => Ok(Expression::Function(Box::new(f))),
    }
}

/// `schema.function(...)` and `catalog.schema.function(...)`.
///
/// The function's name comes beside it.
pub(super) fn qualified_call(
    call: MethodCall,
    namespace: &Namespace,
) -> Result<(Expression, Option<TableName>), SqlError> {
    let Some(parts) = chain(&call.this) else {
        return Ok((Expression::MethodCall(Box::new(call)), None));
    };
    let mut parts: Vec<_> = parts.into_iter().map(|p| p.name).collect();
    parts.push(call.method.name);
    let name = namespace.table(&parts)?;
    if name.catalog == "system" {
        return Err(SqlError::routine_not_found(&name.full_name()));
    }
    Ok((function(&name.physical(), call.args), Some(name)))
}

fn aggregate(f: AggregateFunction) -> Result<Expression, SqlError> {
    check_function(&f.name)?;
    let name = f.name.to_lowercase();
    match (name.as_str(), f.args.as_slice()) {
        ("collect_list" | "array_agg", [value]) => collect(value.clone(), f.distinct, f.filter, f.order_by),
        ("collect_set", [value]) => collect(value.clone(), true, f.filter, Vec::new()),
        (_, args) => {
            let Some(template) = template(&name, args.len()) else {
                return Ok(Expression::AggregateFunction(Box::new(f)));
            };
            let filled = fill(template, args)?;
            match f.filter {
                None => Ok(filled),
                Some(condition) => Ok(Expression::Filter(Box::new(polyglot_sql::expressions::Filter {
                    this: Box::new(filled),
                    expression: Box::new(condition),
                }))),
            }
        }
    }
}

/// collect_list and its like leave NULLs out.
fn collect(
    value: Expression,
    distinct: bool,
    filter: Option<Expression>,
    order_by: Vec<polyglot_sql::expressions::Ordered>,
) -> Result<Expression, SqlError> {
    let condition = match filter {
        Some(filter) => fill("_0 AND _1 IS NOT NULL", &[filter, value.clone()])?,
        None => fill("_0 IS NOT NULL", std::slice::from_ref(&value))?,
    };
    let list = Expression::AggregateFunction(Box::new(AggregateFunction {
        source_dialect: None,
        name: "list".to_owned(),
        args: vec![value],
        distinct,
        filter: Some(condition),
        order_by,
        limit: None,
        ignore_nulls: None,
        inferred_type: None,
    }));
    Ok(function(OR_EMPTY, vec![list]))
}

/// listagg and string_agg take their order inside the call in DuckDB; the other ordered-set aggregates are alike.
fn within_group(group: WithinGroup) -> Result<Expression, SqlError> {
    let (args, distinct, filter) = match group.this {
        Expression::ListAgg(f) => (vec![Some(f.this), f.separator], f.distinct, f.filter),
        Expression::StringAgg(f) => (vec![Some(f.this), f.separator], f.distinct, f.filter),
        Expression::Function(f) if ["listagg", "string_agg"].contains(&f.name.to_lowercase().as_str()) => {
            (f.args.into_iter().map(Some).collect(), f.distinct, None)
        }
        Expression::AggregateFunction(f) if ["listagg", "string_agg"].contains(&f.name.to_lowercase().as_str()) => {
            (f.args.into_iter().map(Some).collect(), f.distinct, f.filter)
        }
        this => return Ok(Expression::WithinGroup(Box::new(WithinGroup { this, ..group }))),
    };
    Ok(Expression::AggregateFunction(Box::new(AggregateFunction {
        source_dialect: None,
        name: "string_agg".to_owned(),
        args: args.into_iter().flatten().collect(),
        distinct,
        filter,
        order_by: group.order_by,
        limit: None,
        ignore_nulls: None,
        inferred_type: None,
    })))
}

/// The macro around a collected list, which is empty and not NULL when there was nothing to collect.
const OR_EMPTY: &str = "spark_or_empty";

/// The aggregate within [`OR_EMPTY`], for OVER and FILTER, which belong to it directly; any other node comes back.
#[expect(clippy::result_large_err, reason = "what does not fit is the node itself, given back")]
fn out_of_empty(node: Expression) -> Result<Expression, Expression> {
    match node {
        Expression::Function(mut f) if f.name == OR_EMPTY => f.args.pop().ok_or(Expression::Function(f)),
        other => Err(other),
    }
}

/// In Spark a backslash escapes in every pattern, in DuckDB only where ESCAPE says so.
fn escaping(mut like: Box<LikeOp>) -> Box<LikeOp> {
    let plain = string_value(&like.right).is_some_and(|pattern| !pattern.contains('\\'));
    if like.escape.is_none() && !plain {
        like.escape = Some(text("\\"));
    }
    like
}

/// Whether it visibly is an array.
fn is_list(expression: &Expression) -> bool {
    const LISTS: [&str; 16] = [
        "list",
        "list_value",
        "list_transform",
        "list_filter",
        "list_sort",
        "list_reverse",
        "list_concat",
        "list_slice",
        "array_distinct",
        "string_split_regex",
        "generate_series",
        "slice",
        "sequence",
        "map_keys",
        "map_values",
        OR_EMPTY,
    ];
    match expression {
        Expression::Function(f) => LISTS.contains(&f.name.to_lowercase().as_str()),
        Expression::AggregateFunction(f) => f.name.eq_ignore_ascii_case("list"),
        Expression::Array(_) | Expression::ArrayFunc(_) => true,
        Expression::Paren(paren) => is_list(&paren.this),
        _ => false,
    }
}

/// first and last, with or without NULLs.
fn positional(f: AggFunc, name: &str) -> Result<Expression, SqlError> {
    let mut filter = f.filter;
    if f.ignore_nulls == Some(true) {
        filter = Some(match filter {
            Some(filter) => fill("_0 AND _1 IS NOT NULL", &[filter, f.this.clone()])?,
            None => fill("_0 IS NOT NULL", std::slice::from_ref(&f.this))?,
        });
    }
    Ok(Expression::AggregateFunction(Box::new(AggregateFunction {
        source_dialect: None,
        name: name.to_owned(),
        args: vec![f.this],
        distinct: f.distinct,
        filter,
        order_by: f.order_by,
        limit: None,
        ignore_nulls: None,
        inferred_type: None,
    })))
}

/// Array subscripts count from zero and must exist; map subscripts are keys.
fn subscripted(subscript: Subscript, maps: bool) -> Result<Expression, SqlError> {
    let key = string_value(&subscript.index).is_some() || is_map(&subscript.this);
    if key || (maps && integer_value(&subscript.index).is_none()) {
        return fill("_0[_1]", &[subscript.this, subscript.index]);
    }
    Ok(function("spark_array_at", vec![subscript.this, subscript.index]))
}

fn is_map(expression: &Expression) -> bool {
    const MAPS: [&str; 6] = ["map", "map_from_entries", "map_from_arrays", "map_concat", "str_to_map", "map_filter"];
    match expression {
        Expression::Map(_) | Expression::MapFunc(_) | Expression::MapFromEntries(_) | Expression::MapConcat(_) => true,
        Expression::Function(f) => MAPS.contains(&f.name.to_lowercase().as_str()),
        Expression::Paren(paren) => is_map(&paren.this),
        _ => false,
    }
}

fn cast_to(mut cast: Cast, try_cast: bool) -> Result<Expression, SqlError> {
    let prefix = if try_cast { "spark_try_cast" } else { "spark_cast" };
    let narrow = |name: &str, this: Expression| {
        let template = format!("{}({prefix}_int(_0) AS {name})", if try_cast { "TRY_CAST" } else { "CAST" });
        fill(&template, &[this])
    };
    match &cast.to {
        DataType::Int { .. } => return Ok(function(&format!("{prefix}_int"), vec![cast.this])),
        DataType::BigInt { .. } if integer_value(&cast.this).is_none() => {
            return Ok(function(&format!("{prefix}_bigint"), vec![cast.this]));
        }
        DataType::SmallInt { .. } if integer_value(&cast.this).is_none() => {
            return narrow("SMALLINT", cast.this);
        }
        DataType::TinyInt { .. } if integer_value(&cast.this).is_none() => {
            return narrow("TINYINT", cast.this);
        }
        DataType::Decimal { precision: None, .. } => {
            cast.to = DataType::Decimal { precision: Some(10), scale: Some(0) }
        }
        DataType::Timestamp { .. } => {
            let name = if try_cast { "spark_try_timestamp" } else { "spark_timestamp" };
            return Ok(function(name, vec![cast.this]));
        }
        DataType::Custom { name } => {
            return custom_cast(cast.this, &name.to_uppercase(), try_cast, prefix);
        }
        _ => {}
    }
    Ok(if try_cast { Expression::TryCast(Box::new(cast)) } else { Expression::Cast(Box::new(cast)) })
}

/// Type names that the parser knows as names only.
fn custom_cast(this: Expression, name: &str, try_cast: bool, prefix: &str) -> Result<Expression, SqlError> {
    match name {
        // What it says on the clock is kept, a zone in the text is left out.
        "TIMESTAMP_NTZ" | "TIMESTAMPNTZ" => {
            return fill(if try_cast { "TRY_CAST(_0 AS TIMESTAMP)" } else { "CAST(_0 AS TIMESTAMP)" }, &[this]);
        }
        "LONG" => return Ok(function(&format!("{prefix}_bigint"), vec![this])),
        "BYTE" | "SHORT" => {
            let target = if name == "BYTE" { "TINYINT" } else { "SMALLINT" };
            return fill(&format!("CAST({prefix}_int(_0) AS {target})"), &[this]);
        }
        _ => {}
    }
    let physical = crate::sql::language::types::physical_type(name)?;
    let word = if try_cast { "TRY_CAST" } else { "CAST" };
    fill(&format!("{word}(_0 AS {physical})"), &[this])
}

/// `column:path.to[0].field`.
fn json_path(this: Expression, path: &Expression) -> Result<Expression, SqlError> {
    let path = string_value(path).ok_or_else(|| SqlError::unsupported("A JSON path that is no literal"))?;
    let path = if path.starts_with('[') { format!("${path}") } else { format!("$.{path}") };
    fill("TRY(json_extract_string(_0, _1))", &[this, text(&path)])
}

/// concat is NULL when a part is, unlike DuckDB's function of that name.
fn concat(items: &[Expression]) -> Result<Expression, SqlError> {
    let mut items = items.iter().cloned();
    let first = items.next().unwrap_or_else(null);
    let Some(second) = items.next() else {
        return Ok(first);
    };
    let mut joined = fill("_0 || _1", &[first, second])?;
    for item in items {
        joined = fill("_0 || _1", &[joined, item])?;
    }
    Ok(bracket(joined))
}

/// decode(value, search, result, ... [, default]) compares NULLs as equal.
fn decode(items: &[Expression]) -> Result<Expression, SqlError> {
    let (Some(value), rest) = (items.first(), items.get(1..).unwrap_or_default()) else {
        return Err(wrong_arguments("decode"));
    };
    let mut args = vec![value.clone()];
    let mut sql = "CASE".to_owned();
    for pair in rest.chunks(2) {
        let next = args.len();
        args.extend(pair.iter().cloned());
        match pair.len() {
            2 => sql.push_str(&format!(" WHEN _0 IS NOT DISTINCT FROM _{next} THEN _{}", next + 1)),
            _ => sql.push_str(&format!(" ELSE _{next}")),
        }
    }
    sql.push_str(" END");
    fill(&sql, &args)
}

/// `$1` of Java's replacement strings is `\1` in RE2's.
fn java_groups(replacement: &str) -> String {
    let mut out = String::new();
    let mut rest = replacement.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '$' && rest.peek().is_some_and(char::is_ascii_digit) {
            out.push('\\');
        } else {
            out.push(c);
        }
    }
    out
}
