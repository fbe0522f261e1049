"""Profiles a CSV file in one pass and bounded memory."""

import csv

# What is imported while building is in the component; an encoding that is asked for later would not be there.
import encodings.utf_8_sig  # noqa: F401
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath

from bricklayer import fail, keep_table, progress
from wit_world import exports
from wit_world.exports.tools import Column, ColumnType, Profile, ProfileCsvRequest, ValueCount

PROJECT = "/project"

# Rows between two words to the user; a row is some microseconds.
PROGRESS_ROWS = 20_000

# Different values counted per column, and the longest one that is kept: memory.
MAX_DISTINCT = 10_000
MAX_VALUE_CHARS = 200

# Columns of one file; a delimiter that is none makes thousands.
MAX_COLUMNS = 500

# Odd rows that are named one by one.
NAMED_PROBLEMS = 5

DELIMITERS = [",", ";", "\t", "|"]


class Tools(exports.Tools):
    def profile_csv(self, request: ProfileCsvRequest) -> Profile:
        max_rows = within("max_rows", request.max_rows, 100_000, 1, 1_000_000)
        top = within("top", request.top, 3, 0, 20)
        path = project_path(request.path)
        delimiter = request.delimiter or sniff(path, request.path)
        if len(delimiter) != 1 or delimiter in '\r\n"':
            fail("invalid-input", f"delimiter: must be one character, is {delimiter!r}")
        return read(path, request.path, delimiter, request.header is not False, max_rows, top)


def within(name: str, value: int | None, default: int, least: int, most: int) -> int:
    if value is None:
        return default
    if not least <= value <= most:
        fail("invalid-input", f"{name}: must be {least} to {most}, is {value}")
    return value


def project_path(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        fail("invalid-input", f"path: must be a path in the project's folder, is {path!r}")
    return f"{PROJECT}/{path}"


def opened(path: str, shown: str):
    try:
        # A byte order mark is no part of the first name, and a wrong byte spoils one cell and not the file.
        return open(path, encoding="utf-8-sig", errors="replace", newline="")
    except FileNotFoundError:
        fail("not-found", f"there is no file {shown} in the project's folder")
    except IsADirectoryError:
        fail("invalid-input", f"path: {shown} is a folder")
    except OSError as error:
        fail("denied", f"{shown} cannot be read: {error}")


def sniff(path: str, shown: str) -> str:
    """The delimiter that cuts the first lines into equally many cells, and into the most."""
    with opened(path, shown) as file:
        lines = [line for _, line in zip(range(20), file)]
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        common = ranked(Counter(widths))
        if common and common[0][0] > 1:
            score = (common[0][1] * 10 // len(widths), common[0][0])
            if score > best_score:
                best, best_score = delimiter, score
    return best


@dataclass
class Cells:
    """What is known of one column while reading."""

    name: str
    kind: ColumnType = ColumnType.EMPTY
    empty: int = 0
    filled: int = 0
    total: Decimal = Decimal(0)
    smallest: object = None
    largest: object = None
    texts: list[str] = field(default_factory=lambda: ["", ""])
    range: list[str] = field(default_factory=lambda: ["", ""])
    counts: Counter = field(default_factory=Counter)
    overflow: bool = False

    def add(self, text: str) -> None:
        text = text.strip()
        if not text:
            self.empty += 1
            return
        self.filled += 1
        shown = text[:MAX_VALUE_CHARS]
        self.note_text(shown)
        if shown in self.counts or len(self.counts) < MAX_DISTINCT:
            self.counts[shown] += 1
        else:
            self.overflow = True
        if self.kind is not ColumnType.TEXT:
            kind, value = classify(text)
            self.note_value(kind, value, shown)

    def note_text(self, shown: str) -> None:
        if self.filled == 1 or shown < self.texts[0]:
            self.texts[0] = shown
        if self.filled == 1 or shown > self.texts[1]:
            self.texts[1] = shown

    def note_value(self, kind: ColumnType, value: object, shown: str) -> None:
        merged = kind if self.kind is ColumnType.EMPTY else MERGED.get(frozenset((self.kind, kind)), ColumnType.TEXT)
        self.kind = merged
        if merged is ColumnType.TEXT:
            return
        if isinstance(value, Decimal):
            self.total += value
        if self.smallest is None or value < self.smallest:
            self.smallest, self.range[0] = value, shown
        if self.largest is None or value > self.largest:
            self.largest, self.range[1] = value, shown

    def done(self, top: int) -> Column:
        ends = self.texts if self.kind is ColumnType.TEXT else self.range
        numbers = self.kind in (ColumnType.INTEGER, ColumnType.DECIMAL)
        return Column(
            name=self.name,
            kind=self.kind,
            empty=self.empty,
            distinct=len(self.counts),
            distinct_is_minimum=self.overflow,
            smallest=ends[0] if self.filled else None,
            largest=ends[1] if self.filled else None,
            mean=float(self.total / self.filled) if numbers else None,
            top=[ValueCount(value, count) for value, count in ranked(self.counts)[:top]],
        )


def ranked(counts: Counter) -> list[tuple[str, int]]:
    """Most frequent first, equally frequent ones by their text, so that the answer is the same every time."""
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


# What two kinds of cells are together; any other two are text.
MERGED = {frozenset((kind,)): kind for kind in ColumnType} | {
    frozenset((ColumnType.INTEGER, ColumnType.DECIMAL)): ColumnType.DECIMAL,
    frozenset((ColumnType.DATE, ColumnType.TIMESTAMP)): ColumnType.TIMESTAMP,
}


def classify(text: str) -> tuple[ColumnType, object]:
    lower = text.lower()
    if lower in ("true", "false"):
        return ColumnType.BOOLEAN, lower == "true"
    if text[0] in "+-.0123456789":
        # Codes such as 00501 are no numbers: their zeros matter.
        digits = text.lstrip("+-")
        code = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
        moment = parse_date(text)
        if moment is not None:
            return moment
        try:
            number = Decimal(text)
        except InvalidOperation:
            return ColumnType.TEXT, None
        if number.is_finite() and not code and number.adjusted() < 400:
            whole = digits.isdigit()
            return (ColumnType.INTEGER if whole else ColumnType.DECIMAL), number
    return ColumnType.TEXT, None


def parse_date(text: str) -> tuple[ColumnType, object] | None:
    if len(text) < 10 or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Moments with and without a zone do not compare; the zone is not what a profile is about.
    moment = moment.replace(tzinfo=None)
    return (ColumnType.DATE if len(text) == 10 else ColumnType.TIMESTAMP), moment


def read(path: str, shown: str, delimiter: str, header: bool, max_rows: int, top: int) -> Profile:
    problems: list[str] = []
    columns: list[Cells] = []
    rows = odd_rows = 0
    cut = False
    with opened(path, shown) as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if not row:
                    continue
                if not columns:
                    columns = start(row, header, problems)
                    if header:
                        continue
                if rows == max_rows:
                    cut = True
                    break
                rows += 1
                if len(row) != len(columns):
                    odd_rows += 1
                    if odd_rows <= NAMED_PROBLEMS:
                        problems.append(f"line {reader.line_num} has {len(row)} cells instead of {len(columns)}")
                for column, cell in zip(columns, row):
                    column.add(cell)
                for column in columns[len(row) :]:
                    column.empty += 1
                if rows % PROGRESS_ROWS == 0:
                    progress(f"{rows} rows of {shown}", float(rows))
        except csv.Error as error:
            fail("failed", f"{shown} is no CSV file: line {reader.line_num}: {error}")
    if odd_rows > NAMED_PROBLEMS:
        problems.append(f"{odd_rows} rows in all have too few or too many cells")
    found = [column.done(top) for column in columns]
    problems.extend(wrong_bytes(found))
    if not columns:
        problems.append("the file is empty")
    keep(shown, found)
    return Profile(text(shown, found, rows, cut, problems), rows, cut, delimiter, found, problems)


def keep(shown: str, columns: list[Column]) -> None:
    """The profile as a table that the user sorts and filters: a file may have hundreds of columns."""
    kinds = [("column", "STRING"), ("type", "STRING"), ("empty", "BIGINT"), ("distinct", "BIGINT")]
    kinds += [("smallest", "STRING"), ("largest", "STRING"), ("mean", "DOUBLE")]
    table = keep_table(kinds, title=f"Profile of {shown}") if columns else None
    if table is None:
        return
    table.append(
        [
            [column.name, column.kind.name.lower(), column.empty, column.distinct, column.smallest, column.largest, column.mean]
            for column in columns
        ]
    )
    table.finish()


def start(row: list[str], header: bool, problems: list[str]) -> list[Cells]:
    if len(row) > MAX_COLUMNS:
        fail("limit-exceeded", f"the file has {len(row)} columns; at most {MAX_COLUMNS} can be profiled")
    if not header:
        return [Cells(f"column_{number}") for number in range(1, len(row) + 1)]
    names = [cell.strip() for cell in row]
    for name, count in Counter(names).items():
        if count > 1:
            problems.append(f"{count} columns are called {name!r}")
    return [Cells(name or f"column_{number}") for number, name in enumerate(names, 1)]


def wrong_bytes(columns: list[Column]) -> list[str]:
    odd = [column.name for column in columns if any("\ufffd" in value.value for value in column.top)]
    return [f"not all of it is UTF-8: look at {', '.join(odd)}"] if odd else []


def text(shown: str, columns: list[Column], rows: int, cut: bool, problems: list[str]) -> str:
    more = "; the file has more" if cut else ""
    lines = [f"**{shown}**: {rows} rows{more}, {len(columns)} columns", ""]
    if columns:
        lines += ["| column | type | empty | distinct | smallest | largest | mean | frequent |", "|---|---|---|---|---|---|---|---|"]
    for column in columns:
        frequent = ", ".join(f"{cell(value.value)} ({value.count})" for value in column.top if value.count > 1)
        cells = [
            cell(column.name),
            column.kind.name.lower(),
            str(column.empty),
            f"{column.distinct}{'+' if column.distinct_is_minimum else ''}",
            cell(column.smallest or ""),
            cell(column.largest or ""),
            "" if column.mean is None else f"{column.mean:.6g}",
            frequent,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    if problems:
        lines += ["", "Problems:", *[f"- {problem}" for problem in problems]]
    return "\n".join(lines)


def cell(value: str) -> str:
    value = value.replace("|", "\\|").replace("\n", " ")
    return value if len(value) <= 40 else value[:39] + "…"
