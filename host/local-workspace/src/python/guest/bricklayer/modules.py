"""The few modules of a cluster that code imports by name: what of `pyspark` there is, and no more.

A `pyspark` that this machine may have is another engine with other tables, so it is never taken for this one.
"""

import importlib.abc
import importlib.machinery
import sys
import types

from . import columns, kinds
from . import spark as sql


class _Builder:
    """SparkSession.builder: there is one session, and it is this one."""

    def __init__(self, session):
        self._session = session

    def appName(self, name):
        return self

    def getOrCreate(self):
        return self._session

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(f"SparkSession.builder.{name} is not supported by the local workspace")


class _Absent(importlib.abc.MetaPathFinder):
    """Says of the modules that there are not where they are missing."""

    def find_spec(self, name, path=None, target=None):
        if name in ("dlt", "pyspark.pipelines"):
            raise ModuleNotFoundError(f"{name} is there within pipelines only", name=name)
        if name.split(".")[0] in ("pyspark", "delta") and name not in sys.modules:
            advice = "work with spark.sql, spark.table and DataFrames"
            raise ModuleNotFoundError(f"{name} is not supported by the local workspace: {advice}", name=name)
        return None


def _module(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    module.__path__ = []
    sys.modules[name] = module
    return module


def provide_pyspark(session, utilities):
    sql.SparkSession.builder = _Builder(session)
    members = {"SparkSession": sql.SparkSession, "DataFrame": sql.DataFrame, "Row": sql.Row, "Column": columns.Column,
               "Window": columns.Window}
    pyspark = _module("pyspark", __version__=sql.SparkSession.version)
    pyspark.sql = _module("pyspark.sql", **members)
    pyspark.sql.functions = _module("pyspark.sql.functions", **columns.functions(), __getattr__=columns.not_a_function)
    pyspark.sql.window = _module("pyspark.sql.window", Window=columns.Window, WindowSpec=columns.WindowSpec)
    pyspark.sql.types = _module("pyspark.sql.types", **kinds.members(), Row=sql.Row)
    errors = _module("pyspark.errors", AnalysisException=sql.AnalysisException, PySparkException=sql.AnalysisException)
    pyspark.errors = errors
    pyspark.sql.utils = _module("pyspark.sql.utils", AnalysisException=sql.AnalysisException)
    pyspark.dbutils = _module("pyspark.dbutils", DBUtils=lambda *_: utilities)
    sys.meta_path.insert(0, _Absent())
