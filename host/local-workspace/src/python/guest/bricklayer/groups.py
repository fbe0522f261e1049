"""Rows of a DataFrame put together by keys."""

from .columns import Column, count, flat, functions
from .values import _Refusing, takes


class GroupedData(_Refusing):
    def __init__(self, frame, keys):
        self._frame = frame
        self._keys = keys

    def agg(self, *exprs):
        known = functions()
        if len(exprs) == 1 and isinstance(exprs[0], dict):
            exprs = [known[name](column) for column, name in exprs[0].items()]
        if not exprs or not all(isinstance(column, Column) for column in exprs):
            raise TypeError("agg takes columns, such as F.sum('a').alias('total'), or one dict of names and functions")
        frame = self._frame
        keys = [frame._item(key) for key in self._keys]
        behind = f"GROUP BY {', '.join(text for text, _, _ in keys)}" if keys else ""
        return frame._projected([*keys, *[(frame._sql(column), column._title, None) for column in exprs]], behind=behind)

    def count(self):
        return self.agg(count("*").alias("count"))

    def _of_numbers(self, function, names):
        kinds = dict(self._frame.dtypes)
        keys = {key._title for key in self._keys}
        names = flat(names) or [name for name, kind in kinds.items() if name not in keys and takes(kind, 1)]
        return self.agg(*[functions()[function](name) for name in names])

    def sum(self, *cols):
        return self._of_numbers("sum", cols)

    def avg(self, *cols):
        return self._of_numbers("avg", cols)

    mean = avg

    def min(self, *cols):
        return self._of_numbers("min", cols)

    def max(self, *cols):
        return self._of_numbers("max", cols)
