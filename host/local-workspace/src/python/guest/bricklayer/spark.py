"""spark: statements on the workspace's own tables, and DataFrames that are statements not yet sent.

What is here means what it means on a cluster. What is not here refuses by name.
"""

import base64
import datetime
import decimal
import json
import re

# Rows that createDataFrame takes: they go to the engine within a statement.
LOCAL_ROWS = 10_000

# Statements that only read, by their first words: sent when their rows are asked for.
READING = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "(")

# Settings that change how a cluster works and nothing that it answers.
HARMLESS_SETTINGS = ("spark.sql.shuffle.partitions", "spark.sql.adaptive.", "spark.sql.autoBroadcastJoinThreshold",
                     "spark.databricks.delta.optimizeWrite.", "spark.databricks.delta.autoCompact.", "spark.executor.",
                     "spark.driver.", "spark.default.parallelism", "spark.sql.files.maxPartitionBytes")


# What stands before the query in statements that may name temporary views.
_HEAD_OF_CHANGE = re.compile(
    r"\s*(?:INSERT\s+(?:INTO|OVERWRITE)\s+(?:TABLE\s+)?[\w.`-]+\s+|"
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|TEMP(?:ORARY)?\s+VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?[\w.`-]+\s+(?:USING\s+DELTA\s+)?AS\s+)",
    re.I)
_TEMPORARY_VIEW = re.compile(r"\s*CREATE\s+OR\s+REPLACE\s+TEMP(?:ORARY)?\s+VIEW\s+(\w+)\s+AS\s+", re.I)


class AnalysisException(Exception):
    """A statement that the engine refused or failed."""


class _Refusing:
    """What an object does not have refuses by name, so that nothing is left out in silence."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(
            f"{type(self).__name__}.{name} is not supported by the local workspace; write it in SQL with spark.sql")


class Row(tuple):
    """A row: its values by place, by name, or as attributes."""

    def __new__(cls, *values, **named):
        row = super().__new__(cls, values or named.values())
        row.__fields__ = list(named)
        return row

    @classmethod
    def _of(cls, names, values):
        row = super().__new__(cls, values)
        row.__fields__ = names
        return row

    def __getitem__(self, key):
        if isinstance(key, str):
            try:
                return super().__getitem__(self.__fields__.index(key))
            except ValueError:
                raise ValueError(f"the row has no field {key}; it has {', '.join(self.__fields__)}") from None
        return super().__getitem__(key)

    def __getattr__(self, name):
        if name.startswith("__") or name not in self.__fields__:
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name):
        return name in self.__fields__ if self.__fields__ else super().__contains__(name)

    def asDict(self, recursive=False):
        def plain(value):
            return value.asDict(True) if recursive and isinstance(value, Row) else value
        return {name: plain(value) for name, value in zip(self.__fields__, self)}

    def __repr__(self):
        if not self.__fields__:
            return f"<Row({', '.join(map(repr, self))})>"
        return f"Row({', '.join(f'{name}={value!r}' for name, value in zip(self.__fields__, self))})"

    def __reduce__(self):
        return Row._of, (self.__fields__, tuple(self))


# ---- Types -----------------------------------------------------------------------------------------------------------

_WHOLE = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "BIGINT": 64}
_TYPE_WORDS = re.compile(r"\s*(`(?:[^`]|``)*`|[A-Za-z_][\w ]*|\d+|[<>(),:])")


def _read_type(text):
    """A type as SQL spells it, as a tree: (name, arguments)."""
    words = [word.strip() for word in _TYPE_WORDS.findall(text)]

    def read(at):
        name, at, inner = words[at].upper(), at + 1, []
        if at < len(words) and words[at] == "(":
            while words[at] != ")":
                at += 1
                if words[at].isdigit():
                    inner.append(int(words[at]))
            return (name, inner), at + 1
        if at < len(words) and words[at] == "<":
            while words[at] != ">":
                at += 1
                if name == "STRUCT":
                    field, at = words[at].strip("`"), at + 2
                    kind, at = read(at)
                    inner.append((field, kind))
                else:
                    kind, at = read(at)
                    inner.append(kind)
            return (name, inner), at + 1
        return (name, inner), at

    return read(0)[0]


def _moment(text):
    return datetime.datetime.fromisoformat(text.removesuffix("Z"))


def _of_text(kind, text):
    """A cell as Python has it, exact; cells come as text."""
    if text is None:
        return None
    name, inner = kind
    if name in _WHOLE:
        return int(text)
    if name in ("FLOAT", "DOUBLE"):
        return float(text)
    if name == "DECIMAL":
        return decimal.Decimal(text)
    if name == "BOOLEAN":
        return text == "true"
    if name == "DATE":
        return datetime.date.fromisoformat(text)
    if name.startswith("TIMESTAMP"):
        return _moment(text)
    if name == "BINARY":
        return bytearray(base64.b64decode(text))
    if name in ("ARRAY", "MAP", "STRUCT"):
        return _of_json(kind, json.loads(text, parse_float=decimal.Decimal))
    if name.startswith("INTERVAL"):
        raise NotImplementedError("values of type INTERVAL are not supported by the local workspace's Python; CAST them to STRING")
    return text


def _of_json(kind, value):
    """A value within a nested one: bare numbers and truths, everything else as text."""
    if value is None:
        return None
    name, inner = kind
    if name == "ARRAY":
        return [_of_json(inner[0], item) for item in value]
    if name == "MAP":
        return {_of_text(inner[0], key): _of_json(inner[1], item) for key, item in value.items()}
    if name == "STRUCT":
        return Row._of([field for field, _ in inner], [_of_json(part, value.get(field)) for field, part in inner])
    if isinstance(value, bool):
        return value
    return _of_text(kind, str(value))


def _literal(value, kind=None):
    """A value as SQL spells it; with the type, when one is given."""
    if value is None:
        spelled = "NULL"
    elif isinstance(value, bool):
        spelled = "true" if value else "false"
    elif isinstance(value, (int, decimal.Decimal)):
        spelled = f"'{value}'" if kind else str(value)
    elif isinstance(value, float):
        spelled = f"'{value!r}'" if kind else f"CAST('{value!r}' AS DOUBLE)"
    elif isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        spelled = f"TIMESTAMP '{value.isoformat(' ')}'"
    elif isinstance(value, datetime.date):
        spelled = f"DATE '{value.isoformat()}'"
    elif isinstance(value, (bytes, bytearray)):
        spelled = f"X'{bytes(value).hex()}'"
    elif isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        spelled = f"'{escaped}'"
    else:
        raise NotImplementedError(
            f"values of the Python type {type(value).__name__} are not supported in DataFrames of the local workspace")
    return f"CAST({spelled} AS {kind})" if kind else spelled


_PYTHON_TYPES = ((bool, "BOOLEAN"), (int, "BIGINT"), (float, "DOUBLE"), (str, "STRING"), (decimal.Decimal, "DECIMAL(38,18)"),
                 (datetime.datetime, "TIMESTAMP"), (datetime.date, "DATE"), ((bytes, bytearray), "BINARY"))


def _type_of(name, values):
    """The one SQL type of a column's values."""
    kinds = []
    for value in values:
        if value is None:
            continue
        kind = next((kind for python, kind in _PYTHON_TYPES if isinstance(value, python)), None)
        if kind is None:
            _literal(value)
        if kind not in kinds:
            kinds.append(kind)
    if len(kinds) > 1:
        raise TypeError(f"the column {name} has values of several types: {', '.join(kinds)}; give a schema")
    if not kinds:
        raise ValueError(f"the type of the column {name} cannot be told, because it has no value; give a schema")
    return kinds[0]


def _split_schema(text):
    """`a INT, b DECIMAL(10,2)` as names and types."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    found = [re.match(r"\s*(`[^`]+`|\w+)\s*:?\s+(.+?)\s*$|\s*(\w+)\s*:\s*(.+?)\s*$", part, re.S) for part in parts]
    if not all(found):
        raise ValueError(f"the schema {text!r} cannot be read; write it as 'name TYPE, name TYPE'")
    return [((m[1] or m[3]).strip("`"), (m[2] or m[4]).upper()) for m in found]


def _quoted(name):
    return "`" + name.replace("`", "``") + "`"


def _qualified(name):
    """A table's name, checked: it stands in statements."""
    if not re.fullmatch(r"\s*(?:`[^`]+`|[\w-]+)(?:\.(?:`[^`]+`|[\w-]+)){0,2}\s*", name):
        raise ValueError(f"{name!r} is not a table's name")
    return name.strip()


def of_pandas(frame):
    """The columns and rows of pandas' DataFrame, as they are shown."""
    kinds = {"i": "BIGINT", "u": "BIGINT", "f": "DOUBLE", "b": "BOOLEAN"}
    columns = [{"name": str(name), "type": kinds.get(getattr(kind, "kind", "O"), "STRING")}
               for name, kind in zip(frame.columns, frame.dtypes)]
    missing = frame.isna().values.tolist()
    rows = [[None if absent else _shown(value) for value, absent in zip(row, gaps)]
            for row, gaps in zip(frame.astype(object).values.tolist(), missing)]
    return columns, rows


def _shown(value):
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


# ---- DataFrames --------------------------------------------------------------------------------------------------------


class _Result:
    """Rows that have come."""

    def __init__(self, answer):
        self.columns = answer["columns"]
        self.names = [column["name"] for column in self.columns]
        self.cells = answer["rows"]
        self.truncated = answer["truncated"]

    def rows(self):
        try:
            kinds = [_read_type(column["type"]) for column in self.columns]
        except (IndexError, AttributeError):
            raise NotImplementedError("a column's type cannot be read by the local workspace's Python; select its parts in SQL") from None
        return [Row._of(self.names, [_of_text(kind, cell) for kind, cell in zip(kinds, row)]) for row in self.cells]


class DataFrame(_Refusing):
    """A query, sent each time that its rows are asked for; or the rows of a statement that was no query."""

    def __init__(self, session, query=None, parameters=None, result=None, ordered=False):
        self._session = session
        self._query = query
        self._parameters = parameters or {}
        self._result = result
        self._known = result.columns if result else None

    # What it is.

    def _columns(self):
        if self._known is None:
            self._known = self._send(f"SELECT * FROM ({self._query}) LIMIT 0").columns
        return self._known

    @property
    def columns(self):
        return [column["name"] for column in self._columns()]

    @property
    def dtypes(self):
        return [(column["name"], column["type"].lower()) for column in self._columns()]

    def printSchema(self):
        print("root")
        for name, kind in self.dtypes:
            print(f" |-- {name}: {kind} (nullable = true)")
        print()

    def __repr__(self):
        return f"DataFrame[{', '.join(f'{name}: {kind}' for name, kind in self.dtypes)}]"

    # Its rows.

    def _send(self, statement, most=None):
        return self._session._statement(statement, self._parameters, most)

    def _fetch(self, most=None):
        if self._result is not None:
            return self._result
        return self._send(self._query, most)

    def _shown(self, most):
        result = self._fetch(most)
        return result.columns, result.cells[:most], result.truncated or len(result.cells) > most

    def collect(self):
        return self._fetch().rows()

    def toLocalIterator(self):
        return iter(self.collect())

    def count(self):
        if self._result is not None:
            return len(self._result.cells)
        return self._send(f"SELECT count(*) AS n FROM ({self._query})").rows()[0][0]

    def take(self, num):
        return self._fetch(num).rows()[:num]

    def head(self, n=None):
        if n is None:
            return self.first()
        return self.take(n)

    def first(self):
        found = self.take(1)
        return found[0] if found else None

    def isEmpty(self):
        return self.first() is None

    def show(self, n=20, truncate=True, vertical=False):
        if vertical:
            raise NotImplementedError("DataFrame.show(vertical=True) is not supported by the local workspace")
        _, cells, more = self._shown(n)
        most = 20 if truncate is True else int(truncate)
        print(_drawn(self.columns, cells, most))
        if more:
            print(f"only showing top {n} row{'s' if n != 1 else ''}\n")

    def toPandas(self):
        try:
            import pandas
        except ImportError:
            raise NotImplementedError("DataFrame.toPandas needs pandas, which this machine's Python does not have") from None
        return pandas.DataFrame([tuple(row) for row in self.collect()], columns=self.columns)

    # DataFrames made of it.

    def _as_query(self):
        if self._result is None:
            return self._query
        # Rows that are there already become a query of their own.
        if len(self._result.cells) > LOCAL_ROWS:
            raise NotImplementedError(f"the rows of this statement are more than the {LOCAL_ROWS} that can be queried on")
        kinds = [column["type"] for column in self._result.columns]
        return _values(self._result.names, kinds, self._result.cells)

    def _derived(self, template):
        made = DataFrame(self._session, template.format(query=f"({self._as_query()})"), self._parameters)
        made._columns()
        return made

    def limit(self, num):
        return self._derived(f"SELECT * FROM {{query}} LIMIT {int(num)}")

    def filter(self, condition):
        if not isinstance(condition, str):
            raise NotImplementedError("DataFrame.filter takes a condition in SQL in the local workspace, such as \"a > 1\"")
        return self._derived(f"SELECT * FROM {{query}} WHERE {_braces(condition)}")

    where = filter

    def select(self, *names):
        names = names[0] if len(names) == 1 and isinstance(names[0], (list, tuple)) else names
        if not all(isinstance(name, str) for name in names):
            raise NotImplementedError("DataFrame.select takes names in the local workspace; use selectExpr for expressions")
        listed = ", ".join("*" if name == "*" else _quoted(name) for name in names)
        return self._derived(f"SELECT {_braces(listed)} FROM {{query}}")

    def selectExpr(self, *expressions):
        expressions = expressions[0] if len(expressions) == 1 and isinstance(expressions[0], list) else expressions
        return self._derived(f"SELECT {_braces(', '.join(expressions))} FROM {{query}}")

    def orderBy(self, *names, ascending=True):
        names = names[0] if len(names) == 1 and isinstance(names[0], (list, tuple)) else names
        if not all(isinstance(name, str) for name in names):
            raise NotImplementedError("DataFrame.orderBy takes names in the local workspace")
        ways = ascending if isinstance(ascending, (list, tuple)) else [ascending] * len(names)
        keys = ", ".join(f"{_quoted(name)} {'ASC' if way else 'DESC'}" for name, way in zip(names, ways))
        return self._derived(f"SELECT * FROM {{query}} ORDER BY {_braces(keys)}")

    sort = orderBy

    def distinct(self):
        return self._derived("SELECT DISTINCT * FROM {query}")

    def drop(self, *names):
        kept = [name for name in self.columns if name not in names]
        return self.select(*kept)

    def withColumnRenamed(self, existing, new):
        listed = ", ".join(f"{_quoted(name)} AS {_quoted(new)}" if name == existing else _quoted(name)
                           for name in self.columns)
        return self._derived(f"SELECT {_braces(listed)} FROM {{query}}")

    def cache(self):
        return self

    def persist(self, *_):
        return self

    def unpersist(self, *_):
        return self

    def createOrReplaceTempView(self, name):
        if not re.fullmatch(r"\w+", name):
            raise ValueError(f"{name!r} is not a view's name")
        self._session._views[name.lower()] = DataFrame(self._session, self._as_query(), self._parameters)

    @property
    def write(self):
        return DataFrameWriter(self)


def _braces(text):
    return text.replace("{", "{{").replace("}", "}}")


def _drawn(names, cells, most):
    """Rows as Spark draws them."""
    def cut(text):
        return text[: most - 3] + "..." if most > 3 and len(text) > most else text

    lines = [names] + [["NULL" if cell is None else cut(cell) for cell in row] for row in cells]
    widths = [max([3] + [len(line[at]) for line in lines]) for at in range(len(names))]
    rule = "+" + "".join("-" * width + "+" for width in widths)
    drawn = ["|" + "".join(cell.rjust(width) + "|" for cell, width in zip(line, widths)) for line in lines]
    return "\n".join([rule, drawn[0], rule] + drawn[1:] + ([rule, ""] if cells else [rule, ""]))


def _values(names, kinds, rows):
    """A query that gives just these rows."""
    listed = ", ".join(f"CAST(c{at} AS {kind}) AS {_quoted(name)}" for at, (name, kind) in enumerate(zip(names, kinds)))
    if not rows:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {_quoted(name)}" for name, kind in zip(names, kinds))
        return f"SELECT * FROM (SELECT {nothing}) WHERE false"
    spelled = ", ".join("(" + ", ".join(_literal(cell) for cell in row) + ")" for row in rows)
    aliases = ", ".join(f"c{at}" for at in range(len(names)))
    return f"SELECT {listed} FROM VALUES {spelled} AS given({aliases})"


class DataFrameWriter(_Refusing):
    def __init__(self, frame):
        self._frame = frame
        self._mode = "error"

    def mode(self, saveMode):
        if saveMode not in ("overwrite", "append", "ignore", "error", "errorifexists"):
            raise ValueError(f"the mode {saveMode!r} is not one of overwrite, append, ignore, error")
        self._mode = saveMode
        return self

    def format(self, source):
        if source.lower() != "delta":
            raise NotImplementedError(f"DataFrameWriter.format({source!r}) is not supported by the local workspace, only delta")
        return self

    def option(self, key, value):
        if key.lower() not in ("overwriteschema",):
            raise NotImplementedError(f"DataFrameWriter.option({key!r}) is not supported by the local workspace")
        return self

    def saveAsTable(self, name, mode=None):
        if mode is not None:
            self.mode(mode)
        name, query = _qualified(name), self._frame._as_query()
        exists = self._mode in ("append", "ignore") and self._frame._session.catalog.tableExists(name)
        if self._mode == "append" and exists:
            return self.insertInto(name)
        if self._mode == "ignore" and exists:
            return
        create = "CREATE OR REPLACE TABLE" if self._mode == "overwrite" else "CREATE TABLE"
        self._frame._send(f"{create} {name} AS {query}")

    def insertInto(self, tableName, overwrite=False):
        verb = "INSERT OVERWRITE" if overwrite else "INSERT INTO"
        self._frame._send(f"{verb} {_qualified(tableName)} {self._frame._as_query()}")


class Catalog(_Refusing):
    def __init__(self, session):
        self._session = session

    def _one(self, expression):
        return self._session.sql(f"SELECT {expression} AS name").first()[0]

    def currentCatalog(self):
        return self._one("current_catalog()")

    def currentDatabase(self):
        return self._one("current_schema()")

    def setCurrentCatalog(self, catalogName):
        self._session.sql(f"USE CATALOG {_qualified(catalogName)}")

    def setCurrentDatabase(self, dbName):
        self._session.sql(f"USE SCHEMA {_qualified(dbName)}")

    def tableExists(self, tableName, dbName=None):
        if dbName is not None:
            tableName = f"{dbName}.{tableName}"
        try:
            self._session._statement(f"SELECT * FROM {_qualified(tableName)} LIMIT 0", {})
        except AnalysisException as error:
            if any(word in str(error) for word in ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "NO_SUCH_CATALOG")):
                return False
            raise
        return True

    def dropTempView(self, viewName):
        return self._session._views.pop(viewName.lower(), None) is not None


class RuntimeConfig(_Refusing):
    def __init__(self):
        self._set = {}

    def set(self, key, value):
        if not key.startswith(HARMLESS_SETTINGS):
            raise NotImplementedError(f"the setting {key} is not supported by the local workspace")
        self._set[key] = str(value)

    def get(self, key, default=None):
        if key in self._set:
            return self._set[key]
        if default is None:
            raise AnalysisException(f"[SQL_CONF_NOT_FOUND] The SQL config \"{key}\" cannot be found.")
        return default


class DataFrameReader(_Refusing):
    def __init__(self, session):
        self._session = session

    def table(self, tableName):
        return self._session.table(tableName)


class SparkSession(_Refusing):
    version = "3.5.0"

    def __init__(self, call, failed):
        self._call = call
        self._failed = failed
        self._views = {}
        self.catalog = Catalog(self)
        self.conf = RuntimeConfig()

    @property
    def read(self):
        return DataFrameReader(self)

    def _statement(self, text, parameters, most=None):
        try:
            return _Result(self._call("sql", text=text, parameters=parameters, row_limit=most))
        except self._failed as failure:
            kind = MemoryError if failure.code == "RESULT_TOO_LARGE" else AnalysisException
            error = kind(str(failure))
        raise error

    def _with_views(self, text, parameters):
        """The statement with the temporary views that it names before it; they hold no names of others themselves."""
        named = [name for name in self._views if re.search(rf"(?<![.\w`]){re.escape(name)}(?![\w`(])", text, re.I)]
        if not named:
            return text, parameters
        start = 0
        if _first_word(text) not in READING:
            head = _HEAD_OF_CHANGE.match(text)
            if not head:
                raise NotImplementedError("temporary views can be named within queries, INSERT … SELECT and "
                                          "CREATE TABLE … AS SELECT in the local workspace")
            start = head.end()
        merged = {}
        for name in named:
            merged.update(self._views[name]._parameters)
        merged.update(parameters)
        definitions = ", ".join(f"{_quoted(name)} AS ({self._views[name]._query})" for name in named)
        head, query = text[:start], text[start:]
        own = re.match(r"\s*WITH\s+(?!RECURSIVE\b)", query, re.I)
        return head + (f"WITH {definitions}, {query[own.end():]}" if own else f"WITH {definitions} {query}"), merged

    def sql(self, sqlQuery, args=None, **kwargs):
        if kwargs:
            raise NotImplementedError("spark.sql with values in braces is not supported by the local workspace; use args")
        if args is not None and not isinstance(args, dict):
            raise NotImplementedError("spark.sql takes named parameters only in the local workspace: args={'name': value}")
        parameters = {name: _parameter(name, value) for name, value in (args or {}).items()}
        text, parameters = self._with_views(sqlQuery.strip().rstrip(";").rstrip(), parameters)
        view = _TEMPORARY_VIEW.match(text)
        if view:
            self.sql(text[view.end():], args).createOrReplaceTempView(view[1])
            return DataFrame(self, result=_Result({"columns": [], "rows": [], "truncated": False}))
        if _first_word(text) in READING:
            frame = DataFrame(self, text, parameters)
            frame._columns()
            return frame
        return DataFrame(self, result=self._statement(text, parameters))

    def table(self, tableName):
        return self.sql(f"SELECT * FROM {_qualified(tableName)}")

    def range(self, start, end=None, step=1):
        if end is None:
            start, end = 0, start
        return self.sql(f"SELECT id FROM range({int(start)}, {int(end)}, {int(step)})")

    def createDataFrame(self, data, schema=None):
        if type(data).__module__.startswith("pandas."):
            names = [str(name) for name in data.columns]
            missing = data.isna().values.tolist()
            data = [tuple(None if gap else value for value, gap in zip(row, gaps))
                    for row, gaps in zip(data.astype(object).values.tolist(), missing)]
            schema = schema if schema is not None else names
        data = list(data)
        if len(data) > LOCAL_ROWS:
            raise NotImplementedError(f"createDataFrame takes at most {LOCAL_ROWS} rows in the local workspace")
        names, kinds = None, None
        if isinstance(schema, str):
            names, kinds = map(list, zip(*_split_schema(schema)))
        elif isinstance(schema, (list, tuple)):
            names = list(schema)
        elif schema is not None:
            raise NotImplementedError("createDataFrame takes names or a text such as 'a INT, b STRING' as its schema in the "
                                      "local workspace")
        if names is None:
            names = _names_of(data)
        rows = [[row.get(name) for name in names] if isinstance(row, dict) else list(row) for row in data]
        for row in rows:
            if len(row) != len(names):
                raise ValueError(f"a row has {len(row)} values and the schema {len(names)} columns")
        if kinds is None:
            kinds = [_type_of(name, [row[at] for row in rows]) for at, name in enumerate(names)]
        frame = DataFrame(self, _values(names, kinds, rows))
        frame._columns()
        return frame


def _names_of(data):
    if not data:
        raise ValueError("can not infer schema from an empty dataset; give a schema")
    first = data[0]
    if isinstance(first, dict):
        return sorted({name for row in data for name in row})
    if isinstance(first, Row) and first.__fields__:
        return list(first.__fields__)
    if isinstance(first, (list, tuple)):
        return [f"_{at + 1}" for at in range(len(first))]
    raise TypeError(f"can not infer schema for type: {type(first).__name__}")


def _first_word(text):
    """The first word of a statement, behind comments."""
    text = re.sub(r"\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", text, flags=re.S)
    if text.startswith("("):
        return "("
    word = re.match(r"\w+", text)
    return word[0].upper() if word else ""


def _parameter(name, value):
    kind = next((kind for python, kind in _PYTHON_TYPES if isinstance(value, python)), "STRING")
    if value is not None:
        _literal(value)
    if value is None or isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, datetime.datetime):
        text = value.isoformat(" ")
    elif isinstance(value, (bytes, bytearray)):
        raise NotImplementedError(f"the parameter {name}: bytes are not supported by the local workspace")
    else:
        text = str(value)
    return {"type": kind, "value": text}
