"""dlt and pyspark.pipelines: a pipeline's datasets, as functions that give DataFrames.

The code only says what there is. When all of it has run, each function is called once and its DataFrame's query becomes
the dataset's definition in SQL, which the update makes like any other.
"""

import json
import re
import sys
import types

from .frames import DataFrame
from .kinds import StructType
from .values import AnalysisException, _literal, _quoted, _split_schema

_ACTIONS = {"expect": "", "expect_or_drop": " ON VIOLATION DROP ROW", "expect_or_fail": " ON VIOLATION FAIL UPDATE"}


class Dataset:
    def __init__(self, name, kind, query, path, clauses="", columns=(), expectations=()):
        self.name, self.kind, self.query, self.path = name, kind, query, path
        self.clauses, self.columns, self.expectations = clauses, list(columns), list(expectations)

    def definition(self, query):
        within = [*self.columns, *(f"CONSTRAINT {_quoted(name)} EXPECT ({condition}){action}"
                                   for name, condition, action in self.expectations)]
        listed = f" ({', '.join(within)})" if within else ""
        name = ".".join(_quoted(part) for part in _parts(self.name))
        return f"CREATE {self.kind} {name}{listed}{self.clauses} AS {query}"


class Pipeline:
    """What one pipeline's code defines, and the datasets of its SQL that it may read."""

    def __init__(self, session, given):
        self._session = session
        self._namespace = [given["catalog"], given["schema"]]
        self.path = None
        self._own = {}
        self._named = {}
        self._queries = {}
        self._under_way = []
        for known in given["datasets"]:
            self._named[_parts(known["name"])[-1].lower()] = _parts(known["name"])
            self._queries[_parts(known["name"])[-1].lower()] = known["query"]
        session.conf._set.update(given["configuration"])
        session._datasets = self

    # What the code defines.

    def add(self, function, name, kind, clauses="", columns=()):
        dataset = Dataset(name or function.__name__, kind, function, self.path, clauses, columns,
                          getattr(function, "_expectations", ()))
        last = _parts(dataset.name)[-1].lower()
        if last in self._named:
            raise AnalysisException(f"[PIPELINE_DUPLICATE_IDENTIFIERS] The dataset {dataset.name} is defined more than once.")
        self._own[last], self._named[last] = dataset, _parts(dataset.name)
        function._dataset = dataset
        return function

    def expect(self, action, conditions):
        def decorate(function):
            expectations = [(name, condition, _ACTIONS[action]) for name, condition in conditions.items()]
            dataset = getattr(function, "_dataset", None)
            if dataset is None:
                function._expectations = [*expectations, *getattr(function, "_expectations", ())]
            else:
                dataset.expectations = [*expectations, *dataset.expectations]
            return function
        return decorate

    def definitions(self):
        return [{"path": dataset.path, "text": dataset.definition(self._query(last))} for last, dataset in self._own.items()]

    def _query(self, last):
        if last in self._queries:
            return self._queries[last]
        if last in self._under_way:
            circle = " -> ".join([*self._under_way[self._under_way.index(last):], last])
            raise AnalysisException(f"[PIPELINE_GRAPH_NOT_TOPOLOGICALLY_SORTABLE] The datasets read each other in a circle: {circle}.")
        dataset = self._own[last]
        self._under_way.append(last)
        frame = dataset.query()
        self._under_way.pop()
        if not isinstance(frame, DataFrame):
            raise TypeError(f"the dataset {dataset.name} needs a DataFrame, and its function gave {type(frame).__name__}")
        if frame._parameters:
            raise NotImplementedError(f"the dataset {dataset.name}: spark.sql with args is not supported in a pipeline of the "
                                      "local workspace")
        if not dataset.kind:
            dataset.kind = "OR REFRESH " + ("STREAMING TABLE" if frame.isStreaming else "MATERIALIZED VIEW")
        self._queries[last] = frame._whole()
        return self._queries[last]

    # Reading them before they are there.

    def _pattern(self, last):
        own = self._named[last]
        schema = own[:-1] if len(own) > 1 else self._namespace
        before = rf"LIVE\s*\.\s*|(?:(?:{_loose(schema[0])}\s*\.\s*)?{_loose(schema[-1])}\s*\.\s*)?"
        name = rf"(?<![\w`.])(?:{before}){_loose(last)}(?![\w`(]|\s*\.\s*[\w`])"
        return re.compile(rf"STREAM\s*\(\s*{name}\s*\)|(?<![\w`])STREAM\s+{name}|{name}", re.I)

    def with_datasets(self, text):
        """A query with the datasets that it reads before it, each behind those that it reads itself."""
        reads = {}
        text = self._gathered(text, reads)
        if not reads:
            return text
        listed = ", ".join(f"{_quoted(last)} AS ({query})" for last, query in reads.items())
        own = re.match(r"\s*WITH\s+(?!RECURSIVE\b)", text, re.I)
        return f"WITH {listed}, {text[own.end():]}" if own else f"WITH {listed} {text}"

    def _gathered(self, text, reads):
        for last in list(self._named):
            pattern = self._pattern(last)
            if last not in text.lower() or not pattern.search(text):
                continue
            if last not in reads:
                reads[last] = self._gathered(self._query(last), reads)
            text = pattern.sub(lambda _: _quoted(last), text)
        return text


def _loose(name):
    return rf"`?{re.escape(name)}`?"


def _parts(name):
    return [part.strip("`") for part in re.findall(r"`[^`]+`|[^.`]+", name)]


def _clauses(comment=None, table_properties=None, partition_cols=None, cluster_by=None):
    clauses = ""
    if partition_cols:
        clauses += f" PARTITIONED BY ({', '.join(map(_quoted, partition_cols))})"
    if cluster_by:
        clauses += f" CLUSTER BY ({', '.join(map(_quoted, cluster_by))})"
    if comment is not None:
        clauses += f" COMMENT {_literal(comment)}"
    if table_properties:
        listed = ", ".join(f"{_literal(key)} = {_literal(str(value))}" for key, value in table_properties.items())
        clauses += f" TBLPROPERTIES ({listed})"
    return clauses


def _columns(schema):
    if schema is None:
        return []
    if isinstance(schema, StructType):
        return [f"{_quoted(field.name)} {field.dataType.simpleString()}" for field in schema]
    return [f"{_quoted(name)} {kind}" for name, kind in _split_schema(schema)]


def _decorator(pipeline, kind):
    """`@table`, `@table()` and `@table(name=…)`; what a dataset of the local workspace has no use for is taken and left."""
    def made(query_function=None, *, name=None, comment=None, table_properties=None, partition_cols=None, cluster_by=None,
             schema=None, temporary=False, spark_conf=None, path=None, private=None, row_filter=None):
        for what, value in (("path", path), ("row_filter", row_filter)):
            if value is not None:
                raise NotImplementedError(f"{what} of a dataset is not supported by the local workspace's pipelines")
        clauses = _clauses(comment, table_properties, partition_cols, cluster_by)
        wanted = "TEMPORARY VIEW" if temporary or private else kind
        if wanted == "TEMPORARY VIEW":
            clauses = _clauses(comment)

        def decorate(function):
            return pipeline.add(function, name, wanted, clauses, _columns(schema))
        return decorate(query_function) if query_function is not None else decorate
    return made


def _module(name, pipeline, kinds, session):
    module = types.ModuleType(name)

    def absent(member):
        raise AttributeError(f"{name}.{member} is not supported by the local workspace's pipelines; define the dataset as a table "
                             "or a materialized view")
    members = {decorator: _decorator(pipeline, kind) for decorator, kind in kinds.items()}
    for action in _ACTIONS:
        def one(name, inv, action=action):
            return pipeline.expect(action, {name: inv})
        def several(expectations, action=action):
            return pipeline.expect(action, expectations)
        members[action] = one
        members[action.replace("expect", "expect_all", 1)] = several
    members["read"] = session.table
    members["read_stream"] = session.readStream.table
    module.__dict__.update(members, __getattr__=absent)
    return module


def begin(session, given):
    """From here on the code of one pipeline runs."""
    pipeline = Pipeline(session, json.loads(given))
    sys.modules["dlt"] = _module("dlt", pipeline, {"table": "", "view": "TEMPORARY VIEW"}, session)
    declarative = _module("pyspark.pipelines", pipeline, {
        "table": "OR REFRESH STREAMING TABLE", "materialized_view": "OR REFRESH MATERIALIZED VIEW",
        "temporary_view": "TEMPORARY VIEW", "view": "TEMPORARY VIEW"}, session)
    sys.modules["pyspark.pipelines"] = declarative
    sys.modules["pyspark"].pipelines = declarative


def at(session, path):
    """What comes is of this file."""
    session._datasets.path = path


def end(session, utilities):
    """Gives the definitions to who runs the code."""
    utilities.notebook.exit(json.dumps(session._datasets.definitions()))
