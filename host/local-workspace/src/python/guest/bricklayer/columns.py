"""pyspark.sql.functions, Column and Window: expressions of SQL, written as Python.

A column is text of SQL in which the columns that it reads stand as marks. Whichever DataFrame the column is used with
writes its own columns for them, so that `left.id == right.id` finds its two sides in a join.
"""

import functools
import re

from .values import AnalysisException, _Refusing, _literal, _quoted

# A column that an expression reads: the number of the DataFrame it was taken from (none for `col("a")`), and its name.
MARK = re.compile("\x01(\\d*):([^\x02]*)\x02")


def mark(frame, name):
    return f"\x01{frame}:{name}\x02"


class Column:
    """An expression; `name` is what its column is called where it is given no other name."""

    def __init__(self, sql, name, alias=None):
        self._sql = sql
        self._name = name
        self._alias = alias

    @property
    def _title(self):
        return self._alias or self._name

    def __bool__(self):
        raise ValueError("Cannot convert column into bool: please use '&' for 'and', '|' for 'or', '~' for 'not' when "
                         "building DataFrame boolean expressions.")

    def __iter__(self):
        raise TypeError("Column is not iterable")

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.getField(name)

    def __repr__(self):
        return f"Column<'{self._title}'>"

    __hash__ = object.__hash__

    def _with(self, sign, other, turned=False):
        left, right = (value_of(other), self) if turned else (self, value_of(other))
        return Column(f"({left._sql} {sign} {right._sql})", f"({left._name} {sign} {right._name})")

    def _after(self, words, name=None):
        return Column(f"({self._sql} {words})", name or f"({self._name} {words})")

    def _passed(self, function, *values):
        values = [value_of(value) for value in values]
        listed = ", ".join([self._sql] + [value._sql for value in values])
        return Column(f"{function}({listed})", f"{function}({', '.join([self._name] + [value._name for value in values])})")

    # Operators, as Python has them.

    def __add__(self, other):
        return self._with("+", other)

    def __radd__(self, other):
        return self._with("+", other, turned=True)

    def __sub__(self, other):
        return self._with("-", other)

    def __rsub__(self, other):
        return self._with("-", other, turned=True)

    def __mul__(self, other):
        return self._with("*", other)

    def __rmul__(self, other):
        return self._with("*", other, turned=True)

    def __truediv__(self, other):
        return self._with("/", other)

    def __rtruediv__(self, other):
        return self._with("/", other, turned=True)

    def __mod__(self, other):
        return self._with("%", other)

    def __rmod__(self, other):
        return self._with("%", other, turned=True)

    def __pow__(self, other):
        return self._passed("power", other)

    def __neg__(self):
        return Column(f"(- {self._sql})", f"(- {self._name})")

    def __eq__(self, other):
        return self._with("=", other)

    def __ne__(self, other):
        return ~self._with("=", other)

    def __lt__(self, other):
        return self._with("<", other)

    def __le__(self, other):
        return self._with("<=", other)

    def __gt__(self, other):
        return self._with(">", other)

    def __ge__(self, other):
        return self._with(">=", other)

    def __and__(self, other):
        return self._with("AND", other)

    def __rand__(self, other):
        return self._with("AND", other, turned=True)

    def __or__(self, other):
        return self._with("OR", other)

    def __ror__(self, other):
        return self._with("OR", other, turned=True)

    def __invert__(self):
        return Column(f"(NOT {self._sql})", f"(NOT {self._name})")

    def eqNullSafe(self, other):
        return self._with("<=>", other)

    def __contains__(self, item):
        raise ValueError("Cannot apply 'in' operator against a column: please use 'contains' in a string column or "
                         "'array_contains' function for an array column.")

    # Conditions.

    def isNull(self):
        return self._after("IS NULL")

    def isNotNull(self):
        return self._after("IS NOT NULL")

    def isNaN(self):
        return self._passed("isnan")

    def isin(self, *values):
        values = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple, set)) else values
        listed = [value_of(value) for value in values]
        if not listed:
            return value_of(False)
        return Column(f"({self._sql} IN ({', '.join(value._sql for value in listed)}))",
                      f"({self._name} IN ({', '.join(value._name for value in listed)}))")

    def between(self, lowerBound, upperBound):
        return (self >= lowerBound) & (self <= upperBound)

    def like(self, other):
        return self._with("LIKE", other)

    def ilike(self, other):
        return self._with("ILIKE", other)

    def rlike(self, other):
        return self._with("RLIKE", other)

    def contains(self, other):
        return self._passed("contains", other)

    def startswith(self, other):
        return self._passed("startswith", other)

    def endswith(self, other):
        return self._passed("endswith", other)

    # Parts, types, names.

    def getItem(self, key):
        key = value_of(key)
        return Column(f"{self._sql}[{key._sql}]", f"{self._name}[{key._name}]")

    def __getitem__(self, key):
        if isinstance(key, slice):
            return self.substr(key.start, key.stop)
        return self.getField(key) if isinstance(key, str) else self.getItem(key)

    def getField(self, name):
        return Column(f"{self._sql}.{_quoted(name)}", f"{self._name}.{name}")

    def substr(self, startPos, length):
        return self._passed("substring", startPos, length)

    def cast(self, dataType):
        if not isinstance(dataType, str):
            dataType = dataType.simpleString()
        return Column(f"CAST({self._sql} AS {_type_name(dataType)})", self._name, self._alias)

    astype = cast

    def try_cast(self, dataType):
        return Column(f"TRY_CAST({self._sql} AS {_type_name(dataType)})", self._name, self._alias)

    def alias(self, *names, metadata=None):
        if len(names) != 1:
            raise NotImplementedError("Column.alias takes one name in the local workspace")
        return Column(self._sql, self._name, names[0])

    name = alias

    # Order.

    def asc(self):
        return Ordered(self, "ASC")

    asc_nulls_first = asc

    def desc(self):
        return Ordered(self, "DESC")

    desc_nulls_last = desc

    def asc_nulls_last(self):
        return Ordered(self, "ASC NULLS LAST")

    def desc_nulls_first(self):
        return Ordered(self, "DESC NULLS FIRST")

    # Windows.

    def over(self, window):
        return Column(f"{self._sql} OVER ({window._sql()})", f"{self._name} OVER ({window._sql(titles=True)})")


class Ordered(Column):
    """A column with a direction; it stands where rows are put into order."""

    def __init__(self, column, direction):
        super().__init__(column._sql, column._name, column._alias)
        self._direction = direction


class Cases(Column):
    """`when(…).when(…).otherwise(…)`."""

    def __init__(self, cases):
        self._cases = cases
        super().__init__(*self._written(None))

    def _written(self, rest):
        def told(part):
            lines = [f"WHEN {part(condition)} THEN {part(value)}" for condition, value in self._cases]
            return " ".join(["CASE", *lines, *([] if rest is None else [f"ELSE {part(rest)}"]), "END"])
        return f"({told(lambda column: column._sql)})", told(lambda column: column._name)

    def when(self, condition, value):
        return Cases([*self._cases, (condition, value_of(value))])

    def otherwise(self, value):
        return Column(*self._written(value_of(value)))


def _type_name(text):
    if not re.fullmatch(r"[\w\s<>(),:`]+", text):
        raise ValueError(f"{text!r} is not a type")
    short = {"long": "BIGINT", "integer": "INT", "short": "SMALLINT", "byte": "TINYINT"}
    return short.get(text.strip().lower(), text)


def value_of(value):
    """A column as it is, and any other value as a literal."""
    if isinstance(value, Column):
        return value
    if isinstance(value, (list, tuple)):
        items = [value_of(item) for item in value]
        return Column(f"array({', '.join(item._sql for item in items)})", f"array({', '.join(item._name for item in items)})")
    return Column(_literal(value), "NULL" if value is None else str(value).lower() if isinstance(value, bool) else str(value))


def column_of(value):
    """A column by its name, or as it is."""
    if isinstance(value, Column):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a column or a column's name is wanted here, not {type(value).__name__}")
    return col(value)


def col(name):
    if name == "*":
        return Column("*", "*")
    return Column(mark("", name), name.split(".")[-1].strip("`"))


def expr(text):
    found = re.match(r"(?is)(.*\S)\s+AS\s+(`[^`]+`|\w+)\s*\Z", text)
    if found:
        return Column(f"({found[1]})", found[1], found[2].strip("`"))
    return Column(f"({text})" if not re.fullmatch(r"\w+", text) else mark("", text), text)


def ordering(columns, ascending=True):
    """Keys of an order: names and columns, each with its direction."""
    ways = ascending if isinstance(ascending, (list, tuple)) else [ascending] * len(columns)
    keys = []
    for column, way in zip(columns, ways):
        column = column_of(column)
        direction = column._direction if isinstance(column, Ordered) else "ASC" if way else "DESC"
        keys.append(f"{column._sql} {direction}")
    return ", ".join(keys)


def flat(values):
    """What was given one by one or as one list."""
    return list(values[0]) if len(values) == 1 and isinstance(values[0], (list, tuple, set)) else list(values)


# ---- Windows -----------------------------------------------------------------------------------------------------------


class WindowSpec(_Refusing):
    def __init__(self, partition=(), order=(), frame=""):
        self._partition, self._order, self._frame = list(partition), list(order), frame

    def partitionBy(self, *cols):
        return WindowSpec([column_of(column) for column in flat(cols)], self._order, self._frame)

    def orderBy(self, *cols):
        return WindowSpec(self._partition, [column_of(column) for column in flat(cols)], self._frame)

    def rowsBetween(self, start, end):
        return WindowSpec(self._partition, self._order, f"ROWS BETWEEN {_edge(start)} AND {_edge(end)}")

    def rangeBetween(self, start, end):
        return WindowSpec(self._partition, self._order, f"RANGE BETWEEN {_edge(start)} AND {_edge(end)}")

    def _sql(self, titles=False):
        def part(column):
            return column._name if titles else column._sql
        parts = []
        if self._partition:
            parts.append("PARTITION BY " + ", ".join(map(part, self._partition)))
        if self._order:
            keys = (f"{part(column)} {getattr(column, '_direction', 'ASC')}" for column in self._order)
            parts.append("ORDER BY " + ", ".join(keys))
        return " ".join([*parts, self._frame]).strip()


def _edge(rows):
    if rows == 0:
        return "CURRENT ROW"
    if abs(rows) >= 1 << 62:
        return f"UNBOUNDED {'FOLLOWING' if rows > 0 else 'PRECEDING'}"
    return f"{abs(int(rows))} {'FOLLOWING' if rows > 0 else 'PRECEDING'}"


class Window:
    unboundedPreceding = -(1 << 63)
    unboundedFollowing = (1 << 63) - 1
    currentRow = 0

    @staticmethod
    def partitionBy(*cols):
        return WindowSpec().partitionBy(*cols)

    @staticmethod
    def orderBy(*cols):
        return WindowSpec().orderBy(*cols)

    @staticmethod
    def rowsBetween(start, end):
        return WindowSpec().rowsBetween(start, end)

    @staticmethod
    def rangeBetween(start, end):
        return WindowSpec().rangeBetween(start, end)


# ---- Functions ---------------------------------------------------------------------------------------------------------

# Functions by what their parameters are: `c` a column or its name, `v` a value (text is text), a `*` before the last for
# any number of it, everything behind `?` may be left out. `name=sql` where SQL has another name.
_FUNCTIONS = """
c: abs ceil ceiling=ceil floor sqrt cbrt exp ln log2 log10 sin cos tan asin acos atan sinh cosh tanh degrees radians
c: signum factorial hex unhex bin upper lower upper ucase=upper lcase=lower trim ltrim rtrim length char_length reverse
c: initcap ascii base64 unbase64 md5 sha1 crc32 soundex year quarter month day dayofmonth dayofweek dayofyear hour
c: minute second weekofyear weekday last_day explode explode_outer size cardinality array_distinct array_max
c: array_min map_keys map_values map_entries flatten isnan isnotnull typeof bit_length octet_length negative
c: sum avg mean min max median mode stddev stddev_samp stddev_pop variance var_samp var_pop skewness kurtosis
c: collect_list collect_set any_value bool_and bool_or every some approx_count_distinct count_if product to_json
c: unix_date date_from_unix_date timestamp_seconds timestamp_millis timestamp_micros
c?v: round bround first last first_value last_value to_date to_timestamp try_to_timestamp from_unixtime
c?v: unix_timestamp to_unix_timestamp sort_array
cv: date_add date_sub add_months date_format trunc next_day repeat instr array_contains array_position array_remove
cv: get_json_object from_json sha2 format_number element_at left right shiftleft shiftright array_repeat
cv: regexp_like
cvv: substring substr substring_index regexp_replace translate slice lpad rpad split_part replace overlay
cv?v: split regexp_extract array_join percentile_approx percentile regexp_extract_all
c?vv: lag lead
cc: datediff date_diff=datediff months_between nvl ifnull nullif atan2 pmod corr covar_samp covar_pop max_by min_by
cc: array_union array_intersect array_except arrays_overlap pow=power power hypot map_from_arrays
cc?c: sequence
ccc: make_date nvl2
*c: concat coalesce greatest least array struct hash xxhash64 arrays_zip map_concat create_map=map grouping_id
v*c: concat_ws
vc: date_trunc
vc?v: locate
v: ntile
: row_number rank dense_rank percent_rank cume_dist current_date current_timestamp now uuid pi e current_user
?v: rand randn
"""


def _function(name, sql, kinds):
    fixed, _, optional = kinds.partition("?")
    many = fixed[fixed.index("*") + 1] if "*" in fixed else None
    first = fixed.split("*")[0]

    def function(*given, **named):
        # Named ones are those that may be left out, such as a seed.
        given = (*given, *named.values())
        values = given
        if many:
            values = [*given[:len(first)], *flat(given[len(first):])]
        elif not len(first) <= len(given) <= len(first) + len(optional):
            most = len(first) + len(optional)
            wanted = str(most) if not optional else f"{len(first)} to {most}"
            raise TypeError(f"{name}() takes {wanted} arguments, and {len(given)} were given")
        kinds_of = (first + optional).ljust(len(values), many or "c")
        columns = [column_of(value) if kind == "c" else value_of(value) for kind, value in zip(kinds_of, values)]
        # What makes rows of a list calls its column so.
        title = "col" if name.startswith("explode") else f"{name}({', '.join(column._name for column in columns)})"
        return Column(f"{sql}({', '.join(column._sql for column in columns)})", title)

    function.__name__ = name
    return function


def _functions():
    made = {}
    for line in _FUNCTIONS.strip().splitlines():
        kinds, names = line.split(":", 1)
        for name in names.split():
            name, _, sql = name.partition("=")
            made[name] = _function(name, sql or name, kinds.strip())
    return made


def lit(col):
    return value_of(col)


def when(condition, value):
    return Cases([(condition, value_of(value))])


def count(col):
    if isinstance(col, str) and col == "*":
        return Column("count(*)", "count(1)")
    column = column_of(col)
    return Column(f"count({column._sql})", f"count({column._name})")


def count_distinct(col, *cols):
    columns = [column_of(column) for column in (col, *cols)]
    return Column(f"count(DISTINCT {', '.join(column._sql for column in columns)})",
                  f"count(DISTINCT {', '.join(column._name for column in columns)})")


def sum_distinct(col):
    column = column_of(col)
    return Column(f"sum(DISTINCT {column._sql})", f"sum(DISTINCT {column._name})")


def asc(col):
    return column_of(col).asc()


def desc(col):
    return column_of(col).desc()


def log(arg1, arg2=None):
    if arg2 is None:
        return column_of(arg1)._passed("ln")
    return Column(f"log({value_of(arg1)._sql}, {column_of(arg2)._sql})", f"LOG({arg1}, {column_of(arg2)._name})")


def isnull(col):
    return column_of(col).isNull()


def broadcast(df):
    return df


@functools.cache
def functions():
    """The members of pyspark.sql.functions."""
    return {**_functions(), "col": col, "column": col, "lit": lit, "expr": expr, "when": when, "count": count,
            "count_distinct": count_distinct, "countDistinct": count_distinct, "sum_distinct": sum_distinct,
            "sumDistinct": sum_distinct, "asc": asc, "desc": desc, "log": log, "isnull": isnull, "broadcast": broadcast}


def not_a_function(name):
    raise AttributeError(
        f"pyspark.sql.functions.{name} is not supported by the local workspace; write it in SQL with expr or spark.sql")


def resolved(sql, find):
    """The text with each mark written as `find(frame, name)` says."""
    return MARK.sub(lambda found: find(found[1], found[2]), sql)


def ambiguous(name):
    return AnalysisException(f"[AMBIGUOUS_REFERENCE] Reference `{name}` is ambiguous: more than one column has this name. "
                             "Take it from its DataFrame, or give one of them another name.")
