"""Notebooks as tests see them: their cells, their functions without what the rest of them does, and whole runs."""

import ast
import copy
import doctest
import inspect
import json
import os
import pathlib
import re
import sys
import types
import typing

import pytest
from bundle_standins import Calls, NotebookExit, Session, StandIn, instead_of_modules, no_network, surroundings

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDED = pathlib.Path(__file__).resolve().parent / "recorded"

# Lines that a run with stand-ins may take: a loop that waits for something would not end.
MAX_LINES = 1_000_000

_DIVIDER = re.compile(r"^(?:#|--|//) COMMAND -{10}\s*$", re.M)
_LANGUAGES = {"python": "python", "py": "python", "sql": "sql", "scala": "scala", "r": "r", "md": "md", "sh": "sh", "fs": "fs",
              "run": "run"}
_COMMAND = re.compile(r"^[ \t]*[%!].*$", re.M)
_HEADER = re.compile(r"^\ufeff?(?:#|--|//) Databricks notebook source")


def cells(path):
    """The cells of a notebook or file: language and text. A file that is no notebook is one cell."""
    place = ROOT / path
    text = place.read_text(encoding="utf-8")
    if place.suffix == ".ipynb":
        told = json.loads(text)
        name = told.get("metadata", {}).get("language_info", {}).get("name", "python")
        sources = ["".join(cell.get("source", [])) for cell in told.get("cells", []) if cell.get("cell_type") == "code"]
        return [_cell(source, name) for source in sources]
    language = {".sql": "sql", ".scala": "scala", ".r": "r"}.get(place.suffix.lower(), "python")
    if not _HEADER.match(text):
        return [(language, text)]
    body = text.split("\n", 1)[1] if "\n" in text else ""
    return [_cell(_without_prefix(part), language) for part in _DIVIDER.split(body)]


def _without_prefix(text):
    lines = text.strip("\n").split("\n")
    if not any(re.match(r"(?:#|--|//) MAGIC", line) for line in lines):
        return text
    return "\n".join(re.sub(r"^(?:#|--|//) MAGIC ?", "", line) for line in lines)


def _cell(text, language):
    first = re.match(r"\s*%(\w+)[ \t]*(.*)", text)
    # Others, such as %pip, are commands within a cell of the notebook's own language.
    if first is None or first.group(1) not in _LANGUAGES:
        return language, text
    return _LANGUAGES[first.group(1)], text[first.start(2):]


def code(path):
    """The Python cells, without lines that are commands of the notebook."""
    return [_plain(text) for language, text in cells(path) if language == "python"]


def _plain(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return _COMMAND.sub("pass", text)
    return text


def functions_of(path):
    """The functions of a notebook, without running what stands around them: imports, constants and definitions only."""
    body = []
    for text in code(path):
        body += [node for node in ast.parse(text).body if _defines(node)]
    names = surroundings(Session(), StandIn())
    names["__name__"] = "notebook"
    with instead_of_modules(Calls()), no_network():
        for node in body:
            exec(compile(ast.Module([node], []), str(path), "exec"), names)
    return types.SimpleNamespace(**{name: value for name, value in names.items() if not name.startswith("__")})


def _defines(node):
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        try:
            ast.literal_eval(node.value)
        except (ValueError, TypeError):
            return False
        return True
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def run(path, utilities, tables=None):
    """Runs a notebook from top to bottom with stand-ins, and gives back the session that it worked on.

    `tables` has rows for tables that it reads; the others have a row of stand-ins.
    """
    session = Session(tables)
    names = surroundings(session, utilities)
    try:
        with instead_of_modules(session.calls), no_network(), _bounded():
            _run(path, session, names)
    except NotebookExit:
        pass
    return session


def rows(name):
    """The rows that a file of fixtures has for tables; an empty list counts as none."""
    return json.loads((ROOT / "tests" / "fixtures" / f"{name}.json").read_text(encoding="utf-8"))


def _run(path, session, names):
    for language, text in cells(path):
        if language == "python":
            exec(compile(_plain(text), str(path), "exec"), names)
        elif language == "sql":
            session.sql(text)
        elif language == "run":
            target = text.split("$")[0].strip().strip("\"'")
            found = _beside(path, target)
            if found is None:
                pytest.skip(f"{path} runs {target}, which is not here")
            _run(found, session, names)


def _beside(path, target):
    place = (ROOT / path).parent / target
    for ending in ("", ".py", ".sql", ".ipynb"):
        found = place.with_name(place.name + ending).resolve()
        if found.is_file() and ROOT in found.parents:
            return found.relative_to(ROOT)
    return None


class _bounded:
    """Skips the test when the code runs too many lines."""

    def __enter__(self):
        self._lines, self._before = 0, sys.gettrace()
        if self._before is None:
            sys.settrace(self._trace)

    def __exit__(self, *_):
        if self._before is None:
            sys.settrace(None)

    def _trace(self, frame, event, argument):
        if event == "line":
            self._lines += 1
            if self._lines > MAX_LINES:
                sys.settrace(None)
                pytest.skip(f"it does not end within {MAX_LINES} lines with stand-ins")
        return self._trace


# What is tried for a parameter, by its type; one that says no type gets one after another.
SAMPLES = {str: "a-1", int: 3, float: 2.5, bool: True, list: [3, 1], tuple: (3, 1), dict: {"a": 1}, set: {1}, bytes: b"a"}
# What code raises for arguments that do not fit it.
UNFIT = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, AssertionError, StopIteration)


def check_pure(path, name, record):
    """Calls a function that touches nothing but its arguments, and checks what must hold of any such function.

    The same arguments give the same result, arguments stay as they were, the result is of the type that is promised, and
    examples in its documentation are right. `pytest --record` writes the results down; from then on they must stay.
    """
    function = getattr(functions_of(path), name)
    _check_examples(function)
    seen = []
    for arguments in _samples(function):
        kept = copy.deepcopy(arguments)
        try:
            result = function(*arguments)
        except UNFIT:
            continue
        assert arguments == kept, f"{name} changes its arguments {kept!r}"
        again = function(*copy.deepcopy(kept))
        assert _told(again) == _told(result), f"{name}{tuple(kept)!r} is not the same twice"
        promised = inspect.signature(function).return_annotation
        if isinstance(promised, type) and promised in SAMPLES:
            number = promised is float and isinstance(result, int)
            assert number or isinstance(result, promised), f"{name} promises {promised.__name__}, gives {result!r}"
        seen.append([_told(kept), _told(result)])
    _check_recorded(path, name, seen, record)
    if not seen:
        pytest.skip(f"no sample fits {name}{inspect.signature(function)}: call it here with arguments that do")


def _told(value):
    """A value as text: without addresses, and sets in order."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}({sorted(map(_told, value))})"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _check_examples(function):
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(verbose=False)
    told = []
    for example in finder.find(function, function.__name__, module=False, globs=dict(function.__globals__)):
        runner.run(example, out=told.append)
    assert runner.failures == 0, "".join(told)


def _samples(function):
    given = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            return
        kind = typing.get_origin(parameter.annotation) or parameter.annotation
        given.append([SAMPLES[kind]] if isinstance(kind, type) and kind in SAMPLES else list(SAMPLES.values()))
    most = max((len(values) for values in given), default=1)
    for i in range(most):
        yield [copy.deepcopy(values[i % len(values)]) for values in given]


def _check_recorded(path, name, seen, record):
    place = RECORDED / (re.sub(r"\W+", "_", str(path)) + ".json")
    known = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    if record:
        RECORDED.mkdir(exist_ok=True)
        known[name] = seen
        place.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    elif name in known:
        assert seen == known[name], f"{name} does not give what {os.path.relpath(place, ROOT)} has; record anew if that is right"
