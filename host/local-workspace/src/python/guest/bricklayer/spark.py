"""spark: statements on the workspace's own tables, and DataFrames that are statements not yet sent.

What is here means what it means on a cluster. What is not here refuses by name.
"""

import datetime
import re

from .frames import LOCAL_ROWS, DataFrame, Result
from .kinds import StructType
from .values import (AnalysisException, Row, _PYTHON_TYPES, _Refusing, _literal, _qualified, _quoted, _split_schema, _type_of,
                     of_pandas, values_query)

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


# Formats of files that `read_files` reads.
_FORMATS = ("csv", "json", "parquet", "text")


# Options of the Auto Loader that change nothing that it answers.
_OF_AUTO_LOADER = {f"cloudfiles.{name}" for name in (
    "schemalocation", "maxfilespertrigger", "maxbytespertrigger", "includeexistingfiles", "usenotifications",
    "backfillinterval", "maxfileage", "validateoptions", "useincrementallisting", "schemaevolutionmode")}


class DataFrameReader(_Refusing):
    """Tables, and files of volumes as `read_files` reads them."""

    def __init__(self, session, streaming=False):
        self._session = session
        self._streaming = streaming
        self._format = None
        self._options = {}

    def _made(self, frame):
        frame._streaming = self._streaming
        return frame

    def table(self, tableName):
        return self._made(self._session.table(tableName))

    def format(self, source):
        self._format = source.lower()
        return self

    def option(self, key, value):
        self._options[key.lower()] = value
        return self

    def options(self, **options):
        for key, value in options.items():
            self.option(key, value)
        return self

    def schema(self, schema):
        if isinstance(schema, StructType):
            schema = ", ".join(f"{_quoted(field.name)} {field.dataType.simpleString()}" for field in schema)
        return self.option("schema", schema)

    def load(self, path=None, format=None, schema=None, **options):
        self.options(**options)
        if schema is not None:
            self.schema(schema)
        kind = (format or self._format or "parquet").lower()
        if kind == "cloudfiles":
            kind = self._options.pop("cloudfiles.format", "json").lower()
            # Where it keeps what it saw, and how much it takes at once: an update here reads all files each time.
            self._options = {key: value for key, value in self._options.items() if key not in _OF_AUTO_LOADER}
        if kind not in _FORMATS:
            raise NotImplementedError(f"the format {kind!r} is not supported by the local workspace, only {', '.join(_FORMATS)}; "
                                      "read tables with spark.table")
        if not isinstance(path, str):
            raise NotImplementedError("DataFrameReader.load takes one path in the local workspace")
        options = {key: value for key, value in self._options.items() if key != "inferschema"}
        if kind == "csv":
            # Spark's ways: no header unless one is named, and text unless types are asked for.
            options.setdefault("header", False)
            if "schema" not in options:
                options["infercolumntypes"] = self._options.get("inferschema", False)
        named = {"infercolumntypes": "inferColumnTypes", "sep": "delimiter", "multiline": "multiLine", "nullvalue": "nullValue"}
        listed = [f"{named.get(key, key)} => {_literal(_truth(value))}" for key, value in options.items()]
        path = path.removeprefix("dbfs:")
        frame = self._session.sql(f"SELECT * FROM read_files({', '.join([_literal(path), f'format => {_literal(kind)}', *listed])})")
        # What a stream keeps of rows that do not fit, reading at once leaves out.
        rescued = self._streaming or "rescueddatacolumn" in options
        return self._made(frame if rescued else frame.drop("_rescued_data"))

    def csv(self, path, schema=None, sep=None, header=None, inferSchema=None, **options):
        given = {"schema": schema, "sep": sep, "header": header, "inferSchema": inferSchema, **options}
        schema = given.pop("schema")
        return self.load(path, "csv", schema, **{key: value for key, value in given.items() if value is not None})

    def json(self, path, schema=None, **options):
        return self.load(path, "json", schema, **options)

    def parquet(self, path, **options):
        return self.load(path, "parquet", **options)

    def text(self, path, **options):
        return self.load(path, "text", **options)


def _truth(value):
    """Options are often written as text."""
    return value.lower() == "true" if isinstance(value, str) and value.lower() in ("true", "false") else value


class SparkSession(_Refusing):
    version = "3.5.0"

    def __init__(self, call, failed):
        self._call = call
        self._failed = failed
        self._views = {}
        # The pipeline whose code this is, if it is one's.
        self._datasets = None
        self.catalog = Catalog(self)
        self.conf = RuntimeConfig()

    @property
    def read(self):
        return DataFrameReader(self)

    @property
    def readStream(self):
        if self._datasets is None:
            raise NotImplementedError("SparkSession.readStream is supported by the local workspace within pipelines only; read "
                                      "the table with spark.table")
        return DataFrameReader(self, streaming=True)

    def _statement(self, text, parameters, most=None):
        if self._datasets is not None and _first_word(text) in READING:
            text = self._datasets.with_datasets(text)
        try:
            return Result(self._call("sql", text=text, parameters=parameters, row_limit=most))
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
            return DataFrame(self, result=Result({"columns": [], "rows": [], "truncated": False}))
        if _first_word(text) in READING:
            frame = DataFrame(self, text, parameters)
            frame._columns()
            return frame
        return DataFrame(self, result=self._statement(text, parameters))

    def table(self, tableName):
        return self.sql(f"SELECT * FROM {_qualified(tableName)}")

    def range(self, start, end=None, step=1, numPartitions=None):
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
        if isinstance(schema, StructType):
            names, kinds = schema.fieldNames(), [field.dataType.simpleString() for field in schema]
        elif isinstance(schema, str):
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
        frame = DataFrame(self, values_query(names, kinds, rows))
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
