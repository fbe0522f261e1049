"""dlt and pyspark.pipelines: a pipeline's datasets, as functions that give DataFrames.

The code only says what there is. When all of it has run, each function is called once and its DataFrame's query becomes
the dataset's definition in SQL, which the update makes like any other.
"""

import json
import re
import sys
import types

from .flows import Append, Changes, Flow, dotted, together
from .frames import DataFrame
from .kinds import StructType
from .values import AnalysisException, _literal, _parts, _quoted, _split_schema

# STREAM before what is no dataset of the pipeline: the engine reads it as it is.
_PART = r"(?:`[^`]+`|[A-Za-z_]\w*)"
_STREAM = re.compile(rf"(\b(?:FROM|JOIN)\s+|,\s*)STREAM\s*(?:\(\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\)|"
                     rf"(?=\s{_PART}\s*[.(]|\s`|\s*\(\s*{_PART}\s*\())", re.I)

_ACTIONS = {"expect": "", "expect_or_drop": " ON VIOLATION DROP ROW", "expect_or_fail": " ON VIOLATION FAIL UPDATE"}


class Dataset:
    """A table or view; one without a query is written by flows alone."""

    def __init__(self, name, kind, query, path, clauses="", columns=(), expectations=()):
        self.name, self.kind, self.query, self.path = name, kind, query, path
        self.clauses, self.columns, self.expectations = clauses, list(columns), list(expectations)

    def definition(self, query):
        within = [*self.columns, *(f"CONSTRAINT {_quoted(name)} EXPECT ({condition}){action}"
                                   for name, condition, action in self.expectations)]
        listed = f" ({', '.join(within)})" if within else ""
        written = f" AS {query}" if query else ""
        return f"CREATE {self.kind} {dotted(self.name)}{listed}{self.clauses}{written}"


class Pipeline:
    """What one pipeline's code defines, and the datasets of its SQL that it may read."""

    def __init__(self, session, given):
        self._session = session
        self._namespace = [given["catalog"], given["schema"]]
        self.path = None
        self._own = {}
        self._named = {}
        # What each dataset's rows are like, as a query.
        self._queries = {}
        # What SQL defines, and what a function gave.
        self._given = {}
        self._texts = {}
        self._flows = []
        self._under_way = []
        for known in given["datasets"]:
            self._named[_last(known["name"])] = _parts(known["name"])
            self._given[_last(known["name"])] = known["query"]
        for known in given["flows"]:
            self.write(Flow(known["target"], known["query"]))
        session.conf._set.update(given["configuration"])
        session._datasets = self

    # What the code defines.

    def add(self, function, name, kind, clauses="", columns=()):
        dataset = Dataset(name or function.__name__, kind, function, self.path, clauses, columns,
                          getattr(function, "_expectations", ()))
        function._dataset = self.define(dataset)
        return function

    def define(self, dataset):
        last = _last(dataset.name)
        if last in self._named:
            raise AnalysisException(f"[PIPELINE_DUPLICATE_IDENTIFIERS] The dataset {dataset.name} is defined more than once.")
        self._own[last], self._named[last] = dataset, _parts(dataset.name)
        return dataset

    def write(self, flow):
        flow.path = self.path
        self._flows.append(flow)

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
        for last in self._own:
            self._query(last)
        written = [(dataset, self._text(dataset) if dataset.query else None) for dataset in self._own.values()]
        written += [(flow, self._text) for flow in self._flows if flow.definition]
        return [{"path": one.path, "text": one.definition(query)} for one, query in written]

    def _query(self, last):
        """What the rows of a dataset are like."""
        if last in self._queries:
            return self._queries[last]
        if last in self._under_way:
            circle = " -> ".join([*self._under_way[self._under_way.index(last):], last])
            raise AnalysisException(f"[PIPELINE_GRAPH_NOT_TOPOLOGICALLY_SORTABLE] The datasets read each other in a circle: {circle}.")
        self._under_way.append(last)
        dataset = self._own.get(last)
        own = self._text(dataset) if dataset and dataset.query else self._given.get(last)
        queries = [own] if own else []
        queries += [flow.shape(self._text) for flow in self._flows if _last(flow.target) == last]
        self._under_way.pop()
        if not queries:
            raise AnalysisException(f"[PIPELINE_DATASET_WITHOUT_FLOW] Pipeline dataset {last} does not have any defined flows. "
                                    "Please attach a query with the dataset's definition, or explicitly define at least one "
                                    "flow that writes to the dataset.")
        self._queries[last] = together(queries)
        return self._queries[last]

    def _text(self, one):
        """The query of the DataFrame that a dataset's or a flow's function gives; each function is called once."""
        if one in self._texts:
            return self._texts[one]
        frame = one.query()
        if not isinstance(frame, DataFrame):
            raise TypeError(f"the dataset {one.name} needs a DataFrame, and its function gave {type(frame).__name__}")
        if frame._parameters:
            raise NotImplementedError(f"the dataset {one.name}: spark.sql with args is not supported in a pipeline of the "
                                      "local workspace")
        if isinstance(one, Dataset) and not one.kind:
            one.kind = "OR REFRESH " + ("STREAMING TABLE" if frame.isStreaming else "MATERIALIZED VIEW")
        self._texts[one] = frame._whole()
        return self._texts[one]

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
        text = _unstreamed(self._gathered(text, reads))
        if not reads:
            return text
        listed = ", ".join(f"{_quoted(last)} AS ({_unstreamed(query)})" for last, query in reads.items())
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


def _unstreamed(text):
    return _STREAM.sub(lambda found: found[1] + (found[2] or ""), text)


def _loose(name):
    return rf"`?{re.escape(name)}`?"


def _last(name):
    return _parts(name)[-1].lower()


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
        _refuse(path=path, row_filter=row_filter)
        clauses = _clauses(comment, table_properties, partition_cols, cluster_by)
        wanted = "TEMPORARY VIEW" if temporary or private else kind
        if wanted == "TEMPORARY VIEW":
            clauses = _clauses(comment)

        def decorate(function):
            return pipeline.add(function, name, wanted, clauses, _columns(schema))
        return decorate(query_function) if query_function is not None else decorate
    return made


def _refuse(**given):
    for what, value in given.items():
        if value is not None:
            raise NotImplementedError(f"{what} of a dataset is not supported by the local workspace's pipelines")


def _writing(pipeline):
    """What defines streaming tables without a query, and what writes into them."""
    def create_streaming_table(name, comment=None, spark_conf=None, table_properties=None, partition_cols=None, cluster_by=None,
                               path=None, schema=None, expect_all=None, expect_all_or_drop=None, expect_all_or_fail=None,
                               row_filter=None):
        _refuse(path=path, row_filter=row_filter)
        given = (("expect", expect_all), ("expect_or_drop", expect_all_or_drop), ("expect_or_fail", expect_all_or_fail))
        expectations = [(name, condition, _ACTIONS[action]) for action, conditions in given
                        for name, condition in (conditions or {}).items()]
        clauses = _clauses(comment, table_properties, partition_cols, cluster_by)
        pipeline.define(Dataset(name, "OR REFRESH STREAMING TABLE", None, pipeline.path, clauses, _columns(schema), expectations))

    def append_flow(*, target, name=None, once=False, comment=None, spark_conf=None):
        def decorate(function):
            pipeline.write(Append(name or function.__name__, target, function, once))
            return function
        return decorate

    def create_auto_cdc_flow(*given, **named):
        pipeline.write(Changes(*given, **named))
    return {"create_streaming_table": create_streaming_table, "append_flow": append_flow,
            "create_auto_cdc_flow": create_auto_cdc_flow}


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
    members.update(_writing(pipeline))
    if name == "dlt":
        members["create_streaming_live_table"] = members["create_streaming_table"]
        members["apply_changes"] = members["create_auto_cdc_flow"]
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
