"""DataFrame.write: what a query gives, as a table."""

from .columns import flat
from .values import _Refusing, _qualified, _quoted


class DataFrameWriter(_Refusing):
    def __init__(self, frame):
        self._frame = frame
        self._mode = "error"
        self._partition = ""

    def mode(self, saveMode):
        if saveMode not in ("overwrite", "append", "ignore", "error", "errorifexists"):
            raise ValueError(f"the mode {saveMode!r} is not one of overwrite, append, ignore, error")
        self._mode = saveMode
        return self

    def format(self, source):
        if source.lower() != "delta":
            raise NotImplementedError(f"DataFrameWriter.format({source!r}) is not supported by the local workspace, only delta")
        return self

    def partitionBy(self, *cols):
        self._partition = ", ".join(map(_quoted, flat(cols)))
        return self

    def option(self, key, value):
        if key.lower() not in ("overwriteschema",):
            raise NotImplementedError(f"DataFrameWriter.option({key!r}) is not supported by the local workspace")
        return self

    def saveAsTable(self, name, mode=None):
        if mode is not None:
            self.mode(mode)
        name, query = _qualified(name), self._frame._whole()
        exists = self._mode in ("append", "ignore") and self._frame._session.catalog.tableExists(name)
        if self._mode == "append" and exists:
            return self.insertInto(name)
        if self._mode == "ignore" and exists:
            return
        create = "CREATE OR REPLACE TABLE" if self._mode == "overwrite" else "CREATE TABLE"
        partition = f" PARTITIONED BY ({self._partition})" if self._partition else ""
        self._frame._send(f"{create} {name}{partition} AS {query}")

    def insertInto(self, tableName, overwrite=False):
        verb = "INSERT OVERWRITE" if overwrite else "INSERT INTO"
        self._frame._send(f"{verb} {_qualified(tableName)} {self._frame._whole()}")
