"""What writes into a pipeline's streaming tables beside their own queries, as the SQL that says the same."""

from .columns import Column, resolved
from .values import _parts, _quoted


def dotted(name):
    """A name of one or more parts, in quotes; the older `LIVE.` before it says nothing that the name does not."""
    parts = _parts(name)
    if len(parts) == 2 and parts[0].lower() == "live":
        parts = parts[1:]
    return ".".join(map(_quoted, parts))


def together(queries):
    """The rows of all these queries, by the names of their columns."""
    if len(queries) == 1:
        return queries[0]
    return " UNION ALL BY NAME ".join(f"SELECT * FROM ({query})" for query in queries)


class Flow:
    """A flow that SQL defines: of these only the columns are of use here."""

    definition = None

    def __init__(self, target, shape):
        self.target = target
        self._shape = shape

    def shape(self, text_of):
        return self._shape


class Append:
    """A function whose DataFrame's rows go into a table."""

    def __init__(self, name, target, function, once):
        self.name, self.target, self.query, self._once = name, target, function, once

    def shape(self, text_of):
        return text_of(self)

    def definition(self, text_of):
        once = "ONCE " if self._once else ""
        return f"CREATE FLOW {dotted(self.name)} AS INSERT INTO {once}{dotted(self.target)} BY NAME {text_of(self)}"


class Changes:
    """AUTO CDC: a table made of the changes that its source tells."""

    def __init__(self, target, source, keys, sequence_by, ignore_null_updates=False, apply_as_deletes=None,
                 apply_as_truncates=None, column_list=None, except_column_list=None, stored_as_scd_type=1,
                 track_history_column_list=None, track_history_except_column_list=None, name=None, once=False):
        if str(stored_as_scd_type) not in ("1", "2"):
            raise ValueError(f"stored_as_scd_type must be 1 or 2, not {stored_as_scd_type!r}")
        self.name, self.target = name or target, target
        self._keys = _names("keys", keys)
        if not self._keys:
            raise ValueError("keys must name at least one column")
        self._source, self._once, self._ignores_nulls = f"STREAM({dotted(source)})", once, ignore_null_updates
        self._sequence = _expression("sequence_by", sequence_by)
        self._deletes = apply_as_deletes is not None and _expression("apply_as_deletes", apply_as_deletes)
        self._truncates = apply_as_truncates is not None and _expression("apply_as_truncates", apply_as_truncates)
        self._columns = _chosen("column_list", column_list, except_column_list)
        self._tracked = _chosen("track_history_column_list", track_history_column_list, track_history_except_column_list)
        self._type = str(stored_as_scd_type)

    def shape(self, text_of):
        columns = [self._columns or "*"]
        if self._type == "2":
            columns += [f"({self._sequence}) AS {name}" for name in ("__START_AT", "__END_AT")]
        return f"SELECT {', '.join(columns)} FROM {self._source}"

    def definition(self, text_of):
        clauses = [
            f"CREATE FLOW {dotted(self.name)} AS AUTO CDC INTO {'ONCE ' if self._once else ''}{dotted(self.target)}",
            f"FROM {self._source} KEYS ({self._keys})",
            "IGNORE NULL UPDATES" if self._ignores_nulls else "",
            f"APPLY AS DELETE WHEN ({self._deletes})" if self._deletes else "",
            f"APPLY AS TRUNCATE WHEN ({self._truncates})" if self._truncates else "",
            f"SEQUENCE BY ({self._sequence})",
            f"COLUMNS {self._columns}" if self._columns else "",
            f"STORED AS SCD TYPE {self._type}",
            f"TRACK HISTORY ON {self._tracked}" if self._tracked else "",
        ]
        return " ".join(filter(None, clauses))


def _expression(what, value):
    """A text of SQL as it is, or a column's expression."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Column):
        raise TypeError(f"{what} must be a text or a column, not {type(value).__name__}")
    return resolved(value._sql, lambda frame, name: name if name.startswith("`") else ".".join(map(_quoted, _parts(name))))


def _names(what, columns):
    """Names of columns, given as texts or columns."""
    columns = columns if isinstance(columns, (list, tuple)) else [columns]
    return ", ".join(dotted(column) if isinstance(column, str) else _expression(what, column) for column in columns)


def _chosen(what, columns, others):
    if columns is not None and others is not None:
        raise ValueError(f"{what} and its except list cannot both be given")
    if columns is not None:
        return _names(what, columns)
    return f"* EXCEPT ({_names(what, others)})" if others is not None else ""
