"""Values: rows, types as SQL and Python have them, and how values and names are spelled in statements."""

import base64
import datetime
import decimal
import json
import re


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


def _parts(name):
    """The parts of a name of one or more."""
    return [part.strip("`") for part in re.findall(r"`[^`]+`|[^.`]+", name)]


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


def drawn(names, cells, most):
    """Rows as Spark draws them."""
    def cut(text):
        return text[: most - 3] + "..." if most > 3 and len(text) > most else text

    lines = [names] + [["NULL" if cell is None else cut(cell) for cell in row] for row in cells]
    widths = [max([3] + [len(line[at]) for line in lines]) for at in range(len(names))]
    rule = "+" + "".join("-" * width + "+" for width in widths)
    lines = ["|" + "".join(cell.rjust(width) + "|" for cell, width in zip(line, widths)) for line in lines]
    return "\n".join([rule, lines[0], rule] + lines[1:] + ([rule, ""] if cells else [rule, ""]))


def values_query(names, kinds, rows):
    """A query that gives just these rows."""
    listed = ", ".join(f"CAST(c{at} AS {kind}) AS {_quoted(name)}" for at, (name, kind) in enumerate(zip(names, kinds)))
    if not rows:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {_quoted(name)}" for name, kind in zip(names, kinds))
        return f"SELECT * FROM (SELECT {nothing}) WHERE false"
    spelled = ", ".join("(" + ", ".join(_literal(cell) for cell in row) + ")" for row in rows)
    aliases = ", ".join(f"c{at}" for at in range(len(names)))
    return f"SELECT {listed} FROM VALUES {spelled} AS given({aliases})"


def takes(kind, value):
    """Whether a column of this type is one that a value of Python's fills."""
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, (int, float)):
        return kind in ("tinyint", "smallint", "int", "bigint", "float", "double") or kind.startswith("decimal")
    return kind == "string"
