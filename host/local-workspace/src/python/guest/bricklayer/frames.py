"""DataFrames: queries not yet sent, or the rows of a statement that was none."""

import itertools
import re

from .columns import MARK, Column, ambiguous, column_of, flat, functions, mark, ordering, resolved, value_of
from .groups import GroupedData
from .kinds import StructField, StructType, of_tree
from .values import AnalysisException, Row, _Refusing, _of_text, _quoted, _read_type, drawn, takes, values_query
from .writer import DataFrameWriter

# Rows that createDataFrame takes: they go to the engine within a statement.
LOCAL_ROWS = 10_000

_NUMBERS = itertools.count(1)

# Kinds of joins as Spark spells them, in SQL.
_JOINS = {"inner": "INNER", "cross": "CROSS", "left": "LEFT", "leftouter": "LEFT", "right": "RIGHT", "rightouter": "RIGHT",
          "outer": "FULL", "full": "FULL", "fullouter": "FULL", "semi": "LEFT SEMI", "leftsemi": "LEFT SEMI",
          "anti": "LEFT ANTI", "leftanti": "LEFT ANTI"}


class Result:
    """Rows that have come."""

    def __init__(self, answer):
        self.columns = answer["columns"]
        self.names = [column["name"] for column in self.columns]
        self.cells = answer["rows"]
        self.truncated = answer["truncated"]

    def called(self, names):
        """With other names."""
        self.columns = [{**column, "name": name} for column, name in zip(self.columns, names)]
        self.names = list(names)
        return self

    def rows(self):
        try:
            kinds = [_read_type(column["type"]) for column in self.columns]
        except (IndexError, AttributeError):
            raise NotImplementedError("a column's type cannot be read by the local workspace's Python; select its parts in SQL") from None
        return [Row._of(self.names, [_of_text(kind, cell) for kind, cell in zip(kinds, row)]) for row in self.cells]


class DataFrame(_Refusing):
    """A query, sent each time that its rows are asked for; or the rows of a statement that was no query.

    Two columns may have one name, after a join. Then the query's columns have names of their own, `_names` says what each
    is called, and `_bound` which of them a column taken from an earlier DataFrame is.
    """

    def __init__(self, session, query=None, parameters=None, result=None, names=None, bound=None, aliases=None):
        self._session = session
        self._query = query
        self._parameters = parameters or {}
        self._result = result
        self._known = result.columns if result else None
        self._names = names
        self._bound = bound or {}
        self._aliases = aliases or {}
        self._streaming = False
        self._number = str(next(_NUMBERS))

    # What it is.

    def _columns(self):
        if self._known is None:
            self._known = self._send(f"SELECT * FROM ({self._query}) LIMIT 0").columns
        return self._known

    def _inner(self):
        """What the query's columns are called."""
        return [column["name"] for column in self._columns()]

    @property
    def columns(self):
        return list(self._names) if self._names else self._inner()

    @property
    def dtypes(self):
        return [(name, column["type"].lower()) for name, column in zip(self.columns, self._columns())]

    @property
    def schema(self):
        return StructType([StructField(name, of_tree(_read_type(column["type"])))
                           for name, column in zip(self.columns, self._columns())])

    @property
    def isStreaming(self):
        return self._streaming

    def printSchema(self):
        print("root")
        for name, kind in self.dtypes:
            print(f" |-- {name}: {kind} (nullable = true)")
        print()

    def __repr__(self):
        return f"DataFrame[{', '.join(f'{name}: {kind}' for name, kind in self.dtypes)}]"

    # Its columns.

    def __getitem__(self, item):
        if isinstance(item, Column):
            return self.filter(item)
        if isinstance(item, (list, tuple)):
            return self.select(*item)
        if isinstance(item, int):
            item = self.columns[item]
        if self._place(item.split(".")[0] if self._place(item) is None else item) is None:
            raise _unresolved(item, self.columns)
        return Column(mark(self._number, item), item)

    def __getattr__(self, name):
        if not name.startswith("_") and self._place(name) is not None:
            return self[name]
        return super().__getattr__(name)

    def _place(self, name):
        """The only column of a name."""
        places = [at for at, known in enumerate(self.columns) if known.lower() == name.lower()]
        if len(places) > 1:
            raise ambiguous(name)
        return places[0] if places else None

    def _find(self, frame, name):
        """How the query's text writes a column that an expression reads."""
        inner = self._reach(frame, name)
        if inner is None:
            raise AnalysisException(f"[MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_MISSING_FROM_INPUT] The column {name} is of another "
                                    f"DataFrame, and this one has {', '.join(self.columns)}.")
        return inner

    def _reach(self, frame, name):
        """The same, and nothing when the column is of a DataFrame that this one does not come from."""
        alias, _, rest = name.partition(".")
        if not frame and rest and alias in self._aliases:
            frame, name = self._aliases[alias], rest
        base, _, field = (name, "", "") if name.startswith("`") else name.partition(".")
        place = None
        if frame and frame != self._number:
            inner = self._bound.get((frame, name.lower())) or self._bound.get((frame, base.lower()))
            if inner is None:
                return None
            whole = (frame, name.lower()) in self._bound
        else:
            place = self._place(name.strip("`"))
            whole = place is not None
            place = self._place(base.strip("`")) if place is None else place
            inner = base.strip("`") if place is None else self._inner()[place]
        fields = [] if whole or not field else [part.strip("`") for part in field.split(".")]
        return ".".join(map(_quoted, [inner, *fields]))

    def _sql(self, column):
        return resolved(column_of(column)._sql, self._find)

    # Its rows.

    def _send(self, statement, most=None):
        return self._session._statement(statement, self._parameters, most)

    def _fetch(self, most=None):
        if self._result is not None:
            return self._result
        result = self._send(self._query, most)
        return result.called(self._names) if self._names else result

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
        print(drawn(self.columns, cells, most))
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
        return values_query(self._result.names, kinds, self._result.cells)

    def _whole(self):
        """The query, for a place where each column needs a name of its own."""
        if self._names:
            twice = next(name for name in self._names if [known.lower() for known in self._names].count(name.lower()) > 1)
            raise AnalysisException(f"[COLUMN_ALREADY_EXISTS] The column `{twice}` already exists. Choose another name or "
                                    "rename the existing column.")
        return self._as_query()

    def _reaches(self):
        """All columns that expressions may mean by way of this one, and the query's column for each."""
        own = {} if self._names else {(self._number, name.lower()): name for name in self._inner()}
        if self._names:
            names = [name.lower() for name in self._names]
            own = {(self._number, name): inner for name, inner in zip(names, self._inner()) if names.count(name) == 1}
        return {**self._bound, **own}

    def _made(self, query, parameters=None, names=None, moved=None):
        """Of this one's columns; `moved` says which became which, where they did not stay what they are."""
        made = DataFrame(self._session, query, self._parameters if parameters is None else parameters, names=names,
                         aliases=self._aliases)
        made._streaming = self._streaming
        there = {name.lower() for name in made._inner()}
        became = {key: moved.get(inner) if moved is not None else inner for key, inner in self._reaches().items()}
        made._bound = {key: inner for key, inner in became.items() if inner is not None and inner.lower() in there}
        return made

    def _same(self, behind):
        """The same columns, and other rows."""
        return self._made(f"SELECT * FROM ({self._as_query()}) {behind}", names=self._names)

    def _projected(self, items, start="SELECT", behind=""):
        """Columns: the text of each, what it is called, and which column of the query it is, if it is one."""
        inner, names, moved = _distinct([name for _, name, _ in items]), [name for _, name, _ in items], {}
        for column, (_, _, source) in zip(inner, items):
            if source is not None:
                moved.setdefault(source, column)
        listed = ", ".join(f"{text} AS {_quoted(column)}" for column, (text, _, _) in zip(inner, items))
        query = f"{start} {listed} FROM ({self._as_query()}) {behind}"
        return self._made(query, names=names if inner != names else None, moved=moved)

    def _all(self):
        return [(_quoted(inner), name, inner) for inner, name in zip(self._inner(), self.columns)]

    def _item(self, column):
        column = column_of(column)
        text = self._sql(column)
        bare = text[1:-1].replace("``", "`") if re.fullmatch(r"`(?:[^`]|``)*`", text) else None
        return text, column._title, bare

    def _items(self, columns):
        items = []
        for column in columns:
            everything = column == "*" if isinstance(column, str) else column._sql == "*"
            items += self._all() if everything else [self._item(column)]
        return items

    def limit(self, num):
        return self._same(f"LIMIT {int(num)}")

    def filter(self, condition):
        if isinstance(condition, Column):
            condition = self._sql(condition)
        elif not isinstance(condition, str):
            raise TypeError("condition should be string or Column")
        return self._same(f"WHERE {condition}")

    where = filter

    def select(self, *cols):
        return self._projected(self._items(flat(cols)))

    def selectExpr(self, *expressions):
        return self._made(f"SELECT {', '.join(flat(expressions))} FROM ({self._whole()})")

    def withColumn(self, colName, col):
        return self.withColumns({colName: col})

    def withColumns(self, colsMap):
        items = self._all()
        for name, column in colsMap.items():
            if not isinstance(column, Column):
                raise TypeError("col should be Column")
            item = (self._sql(column), name, None)
            places = [at for at, (_, known, _) in enumerate(items) if known.lower() == name.lower()]
            for at in places:
                items[at] = item
            if not places:
                items.append(item)
        return self._projected(items)

    def withColumnRenamed(self, existing, new):
        return self.withColumnsRenamed({existing: new})

    def withColumnsRenamed(self, colsMap):
        new = {existing.lower(): name for existing, name in colsMap.items()}
        return self._projected([(text, new.get(name.lower(), name), inner) for text, name, inner in self._all()])

    def toDF(self, *cols):
        if len(cols) != len(self.columns):
            raise AnalysisException(f"[ASSIGNMENT_ARITY_MISMATCH] {len(cols)} names for {len(self.columns)} columns.")
        return self._projected([(text, new, inner) for new, (text, _, inner) in zip(cols, self._all())])

    def drop(self, *cols):
        gone = {self._find(*_marked(column)) if isinstance(column, Column) else column.lower() for column in cols}
        kept = [item for item in self._all() if item[1].lower() not in gone and item[0] not in gone]
        return self._projected(kept)

    def alias(self, alias):
        made = self._made(self._as_query(), names=self._names)
        made._aliases = {**self._aliases, alias: made._number}
        return made

    def orderBy(self, *cols, ascending=True):
        return self._same(f"ORDER BY {resolved(ordering(flat(cols), ascending), self._find)}")

    sort = orderBy

    def distinct(self):
        return self._made(f"SELECT DISTINCT * FROM ({self._as_query()})", names=self._names)

    def dropDuplicates(self, subset=None):
        if subset is None:
            return self.distinct()
        keys = ", ".join(self._sql(name) for name in subset)
        return self._same(f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {keys}) = 1")

    drop_duplicates = dropDuplicates

    def groupBy(self, *cols):
        return GroupedData(self, [column_of(column) for column in flat(cols)])

    groupby = groupBy

    def agg(self, *exprs):
        return self.groupBy().agg(*exprs)

    def transform(self, func, *args, **kwargs):
        return func(self, *args, **kwargs)

    # With others.

    def _joined_parameters(self, other):
        for name in self._parameters.keys() & other._parameters.keys():
            if self._parameters[name] != other._parameters[name]:
                raise NotImplementedError(f"two DataFrames with different values of the parameter {name} cannot be put together")
        return {**self._parameters, **other._parameters}

    def join(self, other, on=None, how="inner"):
        kind = _JOINS.get(how.lower().replace("_", ""))
        if kind is None:
            raise AnalysisException(f"[UNSUPPORTED_JOIN_TYPE] Unsupported join type '{how}'. Supported join types include: "
                                    f"{', '.join(_JOINS)}.")
        conditions = [] if on is None else [on] if isinstance(on, (str, Column)) else list(on)
        keys = [key for key in conditions if isinstance(key, str)]
        if keys and len(keys) < len(conditions):
            raise TypeError("join takes names or conditions, not both")
        return _Join(self, other, keys).made(kind, [key for key in conditions if not isinstance(key, str)])

    def crossJoin(self, other):
        return self.join(other, how="cross")

    def _combined(self, sign, other):
        if len(self.columns) != len(other.columns):
            raise AnalysisException("[NUM_COLUMNS_MISMATCH] Both sides need the same number of columns, and have "
                                    f"{len(self.columns)} and {len(other.columns)}.")
        query = f"SELECT * FROM ({self._as_query()}) {sign} SELECT * FROM ({other._as_query()})"
        return self._made(query, self._joined_parameters(other), names=self._names)

    def union(self, other):
        return self._combined("UNION ALL", other)

    unionAll = union

    def unionByName(self, other, allowMissingColumns=False):
        left, right = self, other
        if allowMissingColumns:
            nothing = value_of(None)
            right = right.withColumns({name: nothing for name in left.columns if right._place(name) is None})
            left = left.withColumns({name: nothing for name in other.columns if left._place(name) is None})
        return left.union(right.select(*left.columns))

    def intersect(self, other):
        return self._combined("INTERSECT", other)

    def subtract(self, other):
        return self._combined("EXCEPT", other)

    def exceptAll(self, other):
        return self._combined("EXCEPT ALL", other)

    # What is missing.

    @property
    def na(self):
        return _Missing(self)

    def fillna(self, value, subset=None):
        values = value if isinstance(value, dict) else dict.fromkeys([subset] if isinstance(subset, str) else subset or self.columns, value)
        new = {}
        for name, kind in self.dtypes:
            given = values.get(name)
            if given is not None and (isinstance(value, dict) or takes(kind, given)):
                new[name] = functions()["coalesce"](self[name], value_of(given).cast(kind))
        return self.withColumns(new) if new else self

    def dropna(self, how="any", thresh=None, subset=None):
        if thresh is not None:
            raise NotImplementedError("DataFrame.dropna(thresh=…) is not supported by the local workspace")
        names = [subset] if isinstance(subset, str) else subset or self.columns
        sign = " AND " if how == "any" else " OR "
        return self._same("WHERE " + sign.join(f"{self._sql(name)} IS NOT NULL" for name in names))

    # How it is kept.

    def cache(self):
        return self

    def persist(self, *_):
        return self

    def unpersist(self, *_):
        return self

    def repartition(self, *_):
        return self

    def coalesce(self, *_):
        return self

    def hint(self, *_):
        return self

    def createOrReplaceTempView(self, name):
        if not re.fullmatch(r"\w+", name):
            raise ValueError(f"{name!r} is not a view's name")
        self._session._views[name.lower()] = DataFrame(self._session, self._whole(), self._parameters)

    @property
    def write(self):
        return DataFrameWriter(self)


class _Missing(_Refusing):
    """`DataFrame.na`."""

    def __init__(self, frame):
        self._frame = frame

    def fill(self, value, subset=None):
        return self._frame.fillna(value, subset)

    def drop(self, how="any", thresh=None, subset=None):
        return self._frame.dropna(how, thresh, subset)


class _Join:
    """Two DataFrames side by side, while they become one."""

    def __init__(self, left, right, keys):
        self._sides = {"l": left, "r": right}
        self._keys = keys

    def _find(self, frame, name):
        found = {}
        for side, of in self._sides.items():
            if frame or name.partition(".")[0] in of._aliases or of._place(name.partition(".")[0]) is not None:
                inner = of._reach(frame, name)
                if inner is not None:
                    found[side] = f"{side}.{inner}"
        if len(found) > 1:
            raise ambiguous(name)
        if not found:
            raise _unresolved(name, [*self._sides["l"].columns, *self._sides["r"].columns])
        return next(iter(found.values()))

    def made(self, kind, conditions):
        left, right = self._sides.values()
        columns = []
        for key in self._keys:
            sides = [(side, of._inner()[_wanted(of, key)]) for side, of in self._sides.items()]
            (_, inner_left), (_, inner_right) = sides
            texts = [f"l.{_quoted(inner_left)}", f"r.{_quoted(inner_right)}"]
            conditions.append(Column(f"{texts[0]} = {texts[1]}", key))
            text = {"RIGHT": texts[1], "FULL": f"coalesce({', '.join(texts)})"}.get(kind, texts[0])
            columns.append((text, left.columns[_wanted(left, key)], sides))
        merged = {source for _, _, sides in columns for source in sides}
        shown = ["l"] if kind in ("LEFT SEMI", "LEFT ANTI") else ["l", "r"]
        for side in shown:
            of = self._sides[side]
            columns += [(f"{side}.{_quoted(inner)}", name, [(side, inner)])
                        for inner, name in zip(of._inner(), of.columns) if (side, inner) not in merged]
        names = [name for _, name, _ in columns]
        inner = _distinct(names)
        listed = ", ".join(f"{text} AS {_quoted(column)}" for column, (text, _, _) in zip(inner, columns))
        on = " AND ".join(f"({resolved(condition._sql, self._find)})" for condition in conditions)
        kind = "CROSS" if not on and kind == "INNER" else kind
        query = (f"SELECT {listed} FROM ({left._as_query()}) AS l {kind} JOIN ({right._as_query()}) AS r"
                 + (f" ON {on}" if on else ""))
        made = DataFrame(left._session, query, left._joined_parameters(right), names=names if inner != names else None,
                         aliases={**right._aliases, **left._aliases})
        became = {source: column for column, (_, _, sources) in zip(inner, columns) for source in sources}
        for side in reversed(shown):
            for key, source in self._sides[side]._reaches().items():
                if (side, source) in became:
                    made._bound[key] = became[side, source]
        made._streaming = left._streaming or right._streaming
        made._columns()
        return made


def _wanted(frame, name):
    place = frame._place(name)
    if place is None:
        raise _unresolved(name, frame.columns)
    return place


def _unresolved(name, columns):
    listed = ", ".join(_quoted(column) for column in columns)
    return AnalysisException(f"[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `{name}` "
                             f"cannot be resolved. Did you mean one of the following? [{listed}].")


def _distinct(names):
    """The names, with others in the place of those that came before."""
    taken, distinct = set(), []
    for name in names:
        new, n = name, 1
        while new.lower() in taken:
            n += 1
            new = f"{name} #{n}"
        taken.add(new.lower())
        distinct.append(new)
    return distinct


def _marked(column):
    """The frame and name of a column that is one and nothing else."""
    found = MARK.fullmatch(column._sql)
    if not found:
        raise TypeError("drop takes columns, not expressions")
    return found[1], found[2]
