//! Databricks queries and expressions to DuckDB's SQL, on polyglot-sql's syntax tree.
//!
//! polyglot-sql parses and prints; its own cross-dialect normalisation is not used, because it loses ANSI behaviour
//! (CAST becomes TRY_CAST, array indexes shift). What differs between the two engines is put right here, in this order:
//! 1. names: every table is resolved against the statement's namespace and printed with all its parts,
//! 2. output names: unnamed result columns get the names Spark gives them,
//! 3. functions: templates and macros (`functions.sql`) with Spark's meaning; what is not known to be safe is refused,
//! 4. clauses: generators, LATERAL VIEW, parameters, row order of NULLs (a DuckDB setting).
//!
//! **Invariant**: parameters are never put into the text as values; they become DuckDB parameters with a cast.

mod dates;
mod functions;
mod generators;
mod guard;
mod metrics;
mod nested;
mod output;
mod patterns;
mod quantified;
mod templates;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use polyglot_sql::{
    DialectType, Expression,
    dialects::Dialect,
    expressions::{Identifier, Merge, TableRef, When, Where, With},
    traversal::{ExpressionWalk, transform_all},
};

use super::{
    builders,
    clauses::missing_clause,
    cursor::Cursor,
    error::SqlError,
    inline::{self, Inline, Place},
    lexer::{Kind, tokenize},
    metrics::MetricView,
    names::{Namespace, READ_ONLY_CATALOGS, catalog_alias, quote},
    normalise::normalise,
    parameters::Parameter,
    sources::{FileSource, Sources, nonce},
    statement::DmlKind,
    store::{Columns, StoredColumns, assign, is_default},
};
use crate::catalog::names::{Securable, TableName};

/// What the names of common table expressions begin with; names of tables hold no such letters.
const CTE_PREFIX: &str = "with ";

/// Translates the queries and expressions of one statement and notes what they refer to.
pub(crate) struct Translator<'a> {
    namespace: &'a Namespace,
    parameters: &'a BTreeMap<String, Parameter>,
    /// Whether subscripts and sizes are of maps; tried when the array reading does not bind.
    maps: bool,
    columns: &'a dyn Columns,
    /// Tables and views that are read as queries.
    inlined: &'a [TableName],
    /// Whether the statement may call MEASURE, so that metric views are looked for.
    measures: Cell<bool>,
    /// Names of the sources of a metric view that is being made.
    own: RefCell<Vec<String>>,
    notes: RefCell<Notes>,
}

/// What a statement refers to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Tables, in the order of their first mention.
    pub(crate) tables: Vec<TableName>,
    /// Names of parameters in use.
    pub(crate) parameters: BTreeSet<String>,
    /// Those that are read, and not only written.
    pub(crate) reads: Vec<TableName>,
    /// Functions that are called by more than their name alone.
    pub(crate) functions: Vec<TableName>,
    /// Names of functions that are called, in lower case; built-in ones among them.
    pub(crate) calls: BTreeSet<String>,
    /// Files in the place of tables.
    pub(crate) sources: Sources,
    /// Views of information_schema, each under the name that stands for it: their rows depend on who asks.
    pub(crate) information: Vec<(String, InformationView)>,
    /// Tables and views that are read as queries, under the names that stand for them.
    pub(crate) inlined: Vec<Inline>,
    /// Whether IDENTIFIER() put a value into the text, which then must not be cached.
    pub(crate) has_identifier_clause: bool,
}

/// One of information_schema's views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InformationView {
    pub(crate) table: String,
    /// Of this catalog only; `system`'s shows all.
    pub(crate) catalog: Option<String>,
}

impl std::fmt::Debug for Translator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translator").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl<'a> Translator<'a> {
    pub(crate) fn new(
        namespace: &'a Namespace,
        parameters: &'a BTreeMap<String, Parameter>,
        maps: bool,
        columns: &'a dyn Columns,
        inlined: &'a [TableName],
    ) -> Self {
        Self {
            namespace,
            parameters,
            maps,
            columns,
            inlined,
            measures: Cell::default(),
            own: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        self.namespace
    }

    pub(crate) fn into_notes(self) -> Notes {
        self.notes.into_inner()
    }

    /// Notes a table that the statement refers to outside of a query.
    pub(crate) fn note_table(&self, name: &TableName) {
        let mut notes = self.notes.borrow_mut();
        if !notes.tables.contains(name) {
            notes.tables.push(name.clone());
        }
    }

    /// Puts names in the place of files that stand as tables.
    pub(crate) fn take_sources(&self, text: &str) -> Result<String, SqlError> {
        self.notes.borrow_mut().sources.take_from(text)
    }

    /// A part of the statement's text as it was written, files included.
    pub(crate) fn as_written(&self, text: &str) -> String {
        self.notes.borrow().sources.restore(text)
    }

    /// Keeps files that the statement reads; the name that stands for them as a table.
    pub(crate) fn keep_source(&self, source: FileSource) -> String {
        self.notes.borrow_mut().sources.keep(source)
    }

    /// Refuses to change what is in a read-only catalog.
    pub(crate) fn check_writable(&self, name: &TableName) -> Result<(), SqlError> {
        check_catalog_writable(&Securable::Table(name.clone()))
    }

    /// Translates a query.
    pub(crate) fn query(&mut self, text: &str) -> Result<String, SqlError> {
        let expression = self.parse_one(text)?;
        guard::check_query(&expression)?;
        self.rewrite(expression)
    }

    /// Translates UPDATE, DELETE or MERGE.
    ///
    /// The second text, of a MERGE that could update a row twice, is a query that has a row when it would.
    pub(crate) fn dml(
        &mut self,
        text: &str,
        kind: DmlKind,
        target: &TableName,
    ) -> Result<(String, Option<String>), SqlError> {
        let expression = self.parse_one(text)?;
        guard::check_dml(&expression, kind)?;
        let columns: StoredColumns = self.columns.stored(target);
        let assigned = assign(expression, &columns)?;
        let rewritten = match assigned {
            Expression::Merge(merge) => self.merge(*merge, target)?,
            other => self.rewrite_tree(other)?,
        };
        if let Some(sql) = self.seen_rows_only(&rewritten, target)? {
            return Ok((sql, None));
        }
        let check = match &rewritten {
            Expression::Merge(merge) => generators::merge_check(merge).map(|check| print(&check)).transpose()?,
            _ => None,
        };
        let mut sql = print(&rewritten)?;
        if kind == DmlKind::Merge {
            sql.push_str(" RETURNING merge_action");
        }
        Ok((sql, check))
    }

    /// Keeps what is to be put in the place of a table or view; the name that stands for it.
    fn inline(&self, table: &TableName, place: Place) -> String {
        let placeholder = nonce("bl_inline");
        let inline = Inline { placeholder: placeholder.clone(), table: table.clone(), place };
        self.notes.borrow_mut().inlined.push(inline);
        placeholder
    }

    /// The definition of a metric view that the statement may ask.
    fn metrics(&self, name: &TableName) -> Option<MetricView> {
        (self.measures.get() || self.inlined.contains(name)).then(|| self.columns.metrics(name)).flatten()
    }

    /// A query of a metric view becomes one of its sources, which the engine puts in the place of names.
    fn measured(&self, node: Expression, scope: &Scope) -> Result<Expression, SqlError> {
        let Expression::Select(select) = node else { return Ok(node) };
        let Some([Expression::Table(table)]) = select.from.as_ref().map(|from| from.expressions.as_slice()) else {
            return Ok(Expression::Select(select));
        };
        let parts = [&table.catalog, &table.schema].into_iter().flatten().chain([&table.name]);
        let parts: Vec<_> = parts.map(|part| part.name.clone()).collect();
        if parts.len() == 1 && scope.ctes.contains(&table.name.name.to_lowercase()) {
            return Ok(Expression::Select(select));
        }
        let name = self.namespace.table(&parts)?;
        let Some(view) = self.metrics(&name) else { return Ok(Expression::Select(select)) };
        let known_as = table.alias.as_ref().unwrap_or(&table.name).name.clone();
        self.note_table(&name);
        self.notes.borrow_mut().reads.push(name.clone());
        let sources: Vec<_> =
            view.sources().into_iter().map(|text| self.inline(&name, Place::Query { text })).collect();
        let shape = metrics::Shape::of(&view, self.parse_one(&metrics::text(&view, &sources))?)?;
        shape.query(*select, &known_as)
    }

    /// The query for all columns of a metric view that is being made; its sources are read as the statement's own.
    pub(crate) fn metric_view(&mut self, view: &MetricView) -> Result<String, SqlError> {
        let mut sources = Vec::new();
        for text in view.sources() {
            sources.push((nonce("bl_source"), self.query(&text)?));
        }
        let names: Vec<_> = sources.iter().map(|(name, _)| name.clone()).collect();
        self.own.borrow_mut().clone_from(&names);
        let parsed = self.parse_one(&metrics::text(view, &names))?;
        guard::check_query(&parsed)?;
        let sql = self.rewrite(metrics::Shape::of(view, parsed)?.whole())?;
        let filled = |sql: String, (name, query): &(String, String)| sql.replace(&quote(name), &format!("({query})"));
        Ok(sources.iter().fold(sql, filled))
    }

    /// MERGE changes its target itself, so that nothing can stand in the target's place: rows that its author does not
    /// see match nothing.
    fn merge(&self, mut merge: Merge, target: &TableName) -> Result<Expression, SqlError> {
        let whole = Expression::Merge(Box::new(merge.clone()));
        let scope = Scope::of(&whole, self.namespace)?;
        let mut this = std::mem::replace(merge.this.as_mut(), builders::null());
        let inner = match &mut this {
            Expression::Alias(alias) => &mut alias.this,
            other => other,
        };
        let Expression::Table(table) = inner else {
            return Err(SqlError::unsupported("MERGE into what is no table"));
        };
        let alias = table.alias.clone().unwrap_or_else(|| table.name.clone()).name;
        self.table(table, &scope, false)?;
        let alias = match &this {
            Expression::Alias(named) => named.alias.name.clone(),
            _ => alias,
        };
        let mut rewritten = self.rewrite_in(Expression::Merge(Box::new(merge)), &scope)?;
        let Expression::Merge(merge) = &mut rewritten else { return Ok(rewritten) };
        *merge.this = this;
        if self.inlined.contains(target) {
            let seen = self.inline(target, Place::Condition { alias });
            let seen = builders::column(None, Identifier::quoted(seen));
            builders::and(merge.on.get_or_insert_with(|| Box::new(seen.clone())), &seen);
            if let Some(Expression::Whens(whens)) = merge.whens.as_deref_mut() {
                for branch in &mut whens.expressions {
                    if let Expression::When(when) = branch
                        && is_by_source(when)
                    {
                        builders::and(when.condition.get_or_insert_with(|| Box::new(seen.clone())), &seen);
                    }
                }
            }
        }
        Ok(rewritten)
    }

    /// UPDATE or DELETE of a table of which its author sees rows and values that the policies let pass; none of another.
    fn seen_rows_only(&self, statement: &Expression, target: &TableName) -> Result<Option<String>, SqlError> {
        if !self.inlined.contains(target) {
            return Ok(None);
        }
        let condition = |clause: &Option<Where>| clause.as_ref().map(|clause| print(&clause.this)).transpose();
        Ok(match statement {
            Expression::Delete(delete) => {
                let alias = delete.alias.as_ref().or(delete.table.alias.as_ref()).unwrap_or(&delete.table.name);
                let condition = condition(&delete.where_clause)?;
                let rows = self.inline(target, Place::NumberedRows);
                Some(inline::delete(target, &rows, &alias.name, condition.as_deref()))
            }
            Expression::Update(update) if update.from_clause.is_none() => {
                let alias = update.table.alias.as_ref().unwrap_or(&update.table.name);
                let condition = condition(&update.where_clause)?;
                let set = |(column, value): &(Identifier, Expression)| {
                    let value = (!is_default(value)).then(|| print(value)).transpose()?;
                    Ok((column.name.clone(), value))
                };
                let set = update.set.iter().map(set).collect::<Result<Vec<_>, SqlError>>()?;
                let rows = self.inline(target, Place::NumberedRows);
                Some(inline::update(target, &rows, &alias.name, &set, condition.as_deref()))
            }
            Expression::Merge(_) => None,
            _ => {
                return Err(SqlError::unsupported(
                    "A change of this form of a table with a row filter or a column mask",
                ));
            }
        })
    }

    /// Translates a scalar expression.
    pub(crate) fn expression(&mut self, text: &str) -> Result<String, SqlError> {
        const HEAD: &str = "SELECT ";
        let mut query = self.parse_one(&format!("{HEAD}{text}"))?;
        guard::check_query(&query)?;
        // The select item is named so that no output name is given to it.
        if let Expression::Select(select) = &mut query
            && let [item] = select.expressions.as_mut_slice()
        {
            let inner = std::mem::replace(item, builders::null());
            *item = builders::alias(inner, "bricklayer_value");
        } else {
            return Err(SqlError::syntax(text, text, 0));
        }
        let sql = self.rewrite(query)?;
        let expression = sql.strip_prefix(HEAD).and_then(|s| s.strip_suffix(" AS \"bricklayer_value\""));
        expression.map(str::to_owned).ok_or_else(|| SqlError::syntax(text, text, 0))
    }

    /// Replaces `IDENTIFIER(:name)` and `IDENTIFIER('a' || '.b')` by the name that they stand for, each part quoted.
    pub(crate) fn resolve_identifier_clauses(&self, text: &str) -> Result<String, SqlError> {
        if !text.to_ascii_uppercase().contains("IDENTIFIER") {
            return Ok(text.to_owned());
        }
        let tokens = tokenize(text)?;
        let mut resolved = String::new();
        let mut copied = 0;
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            let opens = tokens.get(index + 1).is_some_and(|t| t.is("("));
            index += 1;
            if !(token.is("IDENTIFIER") && opens) {
                continue;
            }
            let mut value = String::new();
            index += 1;
            while let Some(part) = tokens.get(index) {
                index += 1;
                match part.kind {
                    Kind::Text => value.push_str(&part.text),
                    Kind::Symbol if part.text == ")" => {
                        resolved.push_str(text.get(copied..token.start).unwrap_or_default());
                        resolved.push_str(&quoted_name(&value)?);
                        copied = part.end;
                        break;
                    }
                    Kind::Symbol if part.text == "|" => {}
                    Kind::Symbol if part.text == ":" => {
                        let name = tokens.get(index).map(|t| t.text.clone()).unwrap_or_default();
                        index += 1;
                        value.push_str(&self.parameter_value(&name)?);
                    }
                    _ => return Err(SqlError::syntax(&part.text, text, part.start)),
                }
            }
            self.notes.borrow_mut().has_identifier_clause = true;
        }
        resolved.push_str(text.get(copied..).unwrap_or_default());
        Ok(resolved)
    }

    fn parameter_value(&self, name: &str) -> Result<String, SqlError> {
        let parameter = self.parameters.get(name).ok_or_else(|| unbound(name))?;
        self.notes.borrow_mut().parameters.insert(name.to_owned());
        parameter.value.clone().ok_or_else(|| {
            SqlError::new("NOT_A_CONSTANT_STRING.NULL", "42601", "The name given to IDENTIFIER is NULL.")
        })
    }

    fn parse_one(&self, text: &str) -> Result<Expression, SqlError> {
        let lower = text.to_ascii_lowercase();
        self.measures.set(self.measures.get() || lower.contains("measure") || lower.contains("agg"));
        let text = &normalise(text)?;
        let mut statements = Dialect::get(DialectType::Databricks).parse(text).map_err(|e| syntax(text, &e))?;
        match (statements.pop(), statements.pop()) {
            (Some(statement), None) => Ok(statement),
            (None, _) => Err(SqlError::empty_statement()),
            (Some(_), Some(_)) => Err(SqlError::syntax(";", text, text.len())),
        }
    }

    fn rewrite(&self, expression: Expression) -> Result<String, SqlError> {
        print(&self.rewrite_tree(expression)?)
    }

    fn rewrite_tree(&self, expression: Expression) -> Result<Expression, SqlError> {
        let scope = Scope::of(&expression, self.namespace)?;
        self.rewrite_in(expression, &scope)
    }

    fn rewrite_in(&self, expression: Expression, scope: &Scope) -> Result<Expression, SqlError> {
        let failure = RefCell::new(None);
        let fail = |e: SqlError| {
            *failure.borrow_mut() = Some(e);
            polyglot_sql::Error::generate("see the failure beside")
        };
        let result = transform_all(expression, &|node| self.measured(node, scope).map_err(fail))
            .and_then(|whole| transform_all(whole, &|node| Ok(output::name_columns(node))))
            .and_then(|named| transform_all(named, &|node| quantified::negated(node)))
            .and_then(|named| transform_all(named, &|node| quantified::plain(node)))
            .and_then(|named| transform_all(named, &|node| self.node(node, scope).map_err(fail)));
        match (result, failure.into_inner()) {
            (_, Some(failure)) => Err(failure),
            (Ok(rewritten), None) => Ok(rewritten),
            (Err(e), None) => Err(SqlError::unsupported(format!("The statement ({e})"))),
        }
    }

    fn node(&self, node: Expression, scope: &Scope) -> Result<Expression, SqlError> {
        match node {
            Expression::Table(mut table) => {
                self.table(&mut table, scope, true)?;
                Ok(Expression::Table(table))
            }
            Expression::Update(update) if !update.extra_tables.is_empty() || !update.table_joins.is_empty() => {
                Err(SqlError::unsupported("UPDATE of several tables"))
            }
            Expression::Delete(delete) if !delete.using.is_empty() || !delete.tables.is_empty() => {
                Err(SqlError::unsupported("DELETE with USING"))
            }
            Expression::Update(mut update) => {
                self.table(&mut update.table, scope, false)?;
                Ok(Expression::Update(update))
            }
            Expression::Delete(mut delete) => {
                self.table(&mut delete.table, scope, false)?;
                Ok(Expression::Delete(delete))
            }
            Expression::Parameter(parameter) => self.parameter(*parameter),
            Expression::Placeholder(_) => Err(SqlError::unsupported("A positional parameter marker")),
            Expression::Dot(dot) => Ok(scope.shorten_column(Expression::Dot(dot))),
            Expression::MethodCall(call) => {
                let (call, name) = functions::qualified_call(*call, self.namespace)?;
                self.notes.borrow_mut().functions.extend(name);
                Ok(call)
            }
            Expression::Select(mut select) => {
                rename_ctes(select.with.as_mut());
                generators::select(*select)
            }
            Expression::Union(mut set) => {
                rename_ctes(set.with.as_mut());
                Ok(Expression::Union(set))
            }
            Expression::Intersect(mut set) => {
                rename_ctes(set.with.as_mut());
                Ok(Expression::Intersect(set))
            }
            Expression::Except(mut set) => {
                rename_ctes(set.with.as_mut());
                Ok(Expression::Except(set))
            }
            Expression::When(when) => Ok(generators::merge_branch(*when)),
            node => {
                let called = match &node {
                    Expression::Function(f) => Some(f.name.to_lowercase()),
                    Expression::AggregateFunction(f) => Some(f.name.to_lowercase()),
                    _ => None,
                };
                self.notes.borrow_mut().calls.extend(called);
                functions::rewrite(node, self.namespace, self.maps)
            }
        }
    }

    fn parameter(&self, parameter: polyglot_sql::expressions::Parameter) -> Result<Expression, SqlError> {
        let name = parameter.name.unwrap_or_default();
        let declared = self.parameters.get(&name).ok_or_else(|| unbound(&name))?;
        self.notes.borrow_mut().parameters.insert(name.clone());
        builders::bound_parameter(&name, &declared.physical_type)
    }

    /// Whether a name is one of those that the translation made.
    fn stands_for_query(&self, name: &str) -> bool {
        let notes = self.notes.borrow();
        notes.sources.knows(name)
            || notes.inlined.iter().any(|inline| inline.placeholder == name)
            || self.own.borrow().iter().any(|own| own == name)
    }

    /// Gives a table reference all its parts.
    fn table(&self, table: &mut TableRef, scope: &Scope, may_be_cte: bool) -> Result<(), SqlError> {
        if table.version.is_some() || table.when.is_some() || table.system_time.is_some() || table.changes.is_some() {
            return Err(SqlError::unsupported("Time travel"));
        }
        if table.identifier_func.is_some() {
            return Err(SqlError::unsupported("IDENTIFIER() with an expression"));
        }
        let single = table.schema.is_none() && table.catalog.is_none();
        if single && may_be_cte && scope.ctes.contains(&table.name.name.to_lowercase()) {
            table.alias = table.alias.take().or_else(|| Some(Identifier::quoted(&table.name.name)));
            table.name = Identifier::quoted(cte_name(&table.name.name));
            return Ok(());
        }
        if single && self.stands_for_query(&table.name.name) {
            table.name = Identifier::quoted(&table.name.name);
            return Ok(());
        }
        let parts: Vec<_> = [&table.catalog, &table.schema]
            .into_iter()
            .flatten()
            .chain([&table.name])
            .map(|i| i.name.clone())
            .collect();
        let name = self.namespace.table(&parts)?;
        if self.metrics(&name).is_some() {
            return Err(metrics::join_refused());
        }
        let alias = table.alias.is_none().then(|| table.name.name.clone());
        if name.schema == "information_schema" {
            let catalog = (name.catalog != "system").then(|| name.catalog.clone());
            let placeholder = nonce("bl_information");
            table.alias = table.alias.take().or_else(|| alias.map(Identifier::quoted));
            (table.catalog, table.schema, table.name) = (None, None, Identifier::quoted(&placeholder));
            let view = InformationView { table: name.table, catalog };
            self.notes.borrow_mut().information.push((placeholder, view));
            return Ok(());
        }
        if may_be_cte && self.inlined.contains(&name) {
            table.alias = table.alias.take().or_else(|| alias.map(Identifier::quoted));
            self.note_table(&name);
            self.notes.borrow_mut().reads.push(name.clone());
            let placeholder = self.inline(&name, Place::Rows);
            (table.catalog, table.schema, table.name) = (None, None, Identifier::quoted(&placeholder));
            return Ok(());
        }
        table.catalog = Some(Identifier::quoted(catalog_alias(&name.catalog)));
        table.schema = Some(Identifier::quoted(&name.schema));
        table.name = Identifier::quoted(&name.table);
        self.note_table(&name);
        let mut notes = self.notes.borrow_mut();
        if !notes.reads.contains(&name) {
            notes.reads.push(name);
        }
        Ok(())
    }
}

/// Names that a statement defines or may use in front of a column.
#[derive(Debug)]
struct Scope {
    ctes: BTreeSet<String>,
    /// Full names of the tables as written, for columns that are written with more than the table's name.
    tables: Vec<TableName>,
}

impl Scope {
    fn of(expression: &Expression, namespace: &Namespace) -> Result<Self, SqlError> {
        let mut scope = Self { ctes: BTreeSet::new(), tables: Vec::new() };
        for node in expression.dfs() {
            let with = match node {
                Expression::Select(select) => select.with.as_ref(),
                Expression::Union(set) => set.with.as_ref(),
                Expression::Intersect(set) => set.with.as_ref(),
                Expression::Except(set) => set.with.as_ref(),
                Expression::Table(table) => {
                    let parts = [&table.catalog, &table.schema].into_iter().flatten().chain([&table.name]);
                    let parts: Vec<_> = parts.map(|i| i.name.clone()).collect();
                    scope.tables.push(namespace.table(&parts)?);
                    None
                }
                _ => None,
            };
            for cte in with.into_iter().flat_map(|w| &w.ctes) {
                scope.ctes.insert(cte.alias.name.to_lowercase());
            }
        }
        Ok(scope)
    }

    /// `schema.table.column` and `catalog.schema.table.column` become `table.column`; other chains are struct fields.
    fn shorten_column(&self, node: Expression) -> Expression {
        let Some(parts) = builders::chain(&node) else {
            return node;
        };
        let lower: Vec<_> = parts.iter().map(|p| p.name.to_lowercase()).collect();
        let table = |t: &TableName| match lower.as_slice() {
            [catalog, schema, table, ..] if *catalog == t.catalog && *schema == t.schema && *table == t.table => {
                Some(2)
            }
            [schema, table, ..] if *schema == t.schema && *table == t.table => Some(1),
            _ => None,
        };
        let Some(skip) = self.tables.iter().find_map(table) else {
            return node;
        };
        builders::column_chain(&parts, skip).unwrap_or(node)
    }
}

/// WHEN NOT MATCHED BY SOURCE.
fn is_by_source(when: &When) -> bool {
    matches!(when.source.as_deref(), Some(Expression::Boolean(by_source)) if by_source.value)
}

/// The name of a common table expression in DuckDB. No table is called so: what stands outside of the expression's scope
/// then finds nothing, instead of a table of the same name whose rights nobody looked at.
fn cte_name(name: &str) -> String {
    format!("{CTE_PREFIX}{}", name.to_lowercase())
}

fn rename_ctes(with: Option<&mut With>) {
    for cte in with.into_iter().flat_map(|with| &mut with.ctes) {
        cte.alias = Identifier::quoted(cte_name(&cte.alias.name));
    }
}

fn print(expression: &Expression) -> Result<String, SqlError> {
    let printed = Dialect::get(DialectType::DuckDB).generate(expression);
    printed.map_err(|e| SqlError::unsupported(format!("The statement ({e})")))
}

/// Refuses to change what belongs to a read-only catalog.
pub(crate) fn check_catalog_writable(on: &Securable) -> Result<(), SqlError> {
    match on.catalog() {
        Some(catalog) if READ_ONLY_CATALOGS.contains(&catalog) => {
            Err(SqlError::permission(format!("Catalog '{catalog}' is read only.")))
        }
        _ => Ok(()),
    }
}

/// A dotted name, each part in back quotes.
fn quoted_name(value: &str) -> Result<String, SqlError> {
    let mut cursor = Cursor::new(value)?;
    let parts = cursor.name()?;
    cursor.end()?;
    let quoted: Vec<_> = parts.iter().map(|p| format!("`{}`", p.replace('`', "``"))).collect();
    Ok(quoted.join("."))
}

fn unbound(name: &str) -> SqlError {
    let detail = format!(
        "Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to a SQL literal."
    );
    SqlError::new("UNBOUND_SQL_PARAMETER", "42P02", detail)
}

/// polyglot-sql's parse error in Spark's words.
fn syntax(text: &str, error: &polyglot_sql::Error) -> SqlError {
    if let Some(clause) = missing_clause(text) {
        return SqlError::unsupported(clause);
    }
    let position = match error {
        polyglot_sql::Error::Parse { start, .. } | polyglot_sql::Error::Tokenize { start, .. } => *start,
        _ => text.len(),
    };
    let rest = text.get(position..).unwrap_or_default().trim_start();
    let near: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let near = if near.is_empty() { rest.chars().take(1).collect() } else { near };
    SqlError::syntax(&near, text, position)
}
