"""Stand-ins for what a notebook works on: Spark, dbutils, and modules that are not installed here.

They answer everything and touch nothing, so that a notebook can run from its first line to its last without a workspace.
"""

import builtins
import contextlib
import importlib.abc
import importlib.machinery
import operator
import pathlib
import re
import socket
import sys
import types

# Modules that work on a workspace: never the real ones, which would look for it.
REMOTE = ("pyspark", "delta", "dlt", "mlflow", "databricks")


class Calls(list):
    """What was called: names with the texts they were given. `tables` holds rows that a test gives to tables."""

    def __init__(self, tables=None):
        super().__init__()
        self.tables = {_normal(name): rows for name, rows in (tables or {}).items() if rows}


def _normal(table):
    return table.replace("`", "").lower()


class StandIn:
    """Answers each attribute, call and operator with another stand-in.

    As a number it is 1, as a text it is "1", and in a loop it is one item. Calls are written down in the list that all
    stand-ins of a run share.
    """

    def __init__(self, calls=None, name=""):
        self.__dict__["_calls"] = Calls() if calls is None else calls
        self.__dict__["_name"] = name

    def _next(self, name=""):
        return StandIn(self._calls, name)

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._next(name)

    def __setattr__(self, name, value):
        pass

    def __call__(self, *args, **kwargs):
        texts = [value for value in (*args, *kwargs.values()) if isinstance(value, str)]
        self._calls.append((self._name, texts))
        # A decorator gives back what it decorates.
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType):
            return args[0]
        if self._name == "table" and texts and _normal(texts[0]) in self._calls.tables:
            return Rows(self._calls, self._calls.tables[_normal(texts[0])])
        return self._next(self._name)

    def __getitem__(self, key):
        return self._next()

    def __setitem__(self, key, value):
        pass

    def __iter__(self):
        return iter([self._next()])

    def __len__(self):
        return 1

    def __bool__(self):
        return True

    def __int__(self):
        return 1

    __index__ = __int__

    def __float__(self):
        return 1.0

    def __str__(self):
        return "1"

    __repr__ = __str__

    def __format__(self, spec):
        try:
            return format(1, spec)
        except ValueError:
            return "1"

    def __hash__(self):
        return 1

    def __contains__(self, item):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __mro_entries__(self, bases):
        return (object,)


def _operator(name):
    def work(self, *_):
        return self._next()

    work.__name__ = name
    return work


def _comparison(compare):
    def work(self, other):
        if isinstance(other, (int, float)):
            return compare(1, other)
        return self._next()

    return work


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift", "matmul"):
    setattr(StandIn, f"__{_name}__", _operator(_name))
    setattr(StandIn, f"__r{_name}__", _operator(_name))
for _name in ("neg", "pos", "invert", "abs"):
    setattr(StandIn, f"__{_name}__", _operator(_name))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(StandIn, f"__{_name}__", _comparison(getattr(operator, _name)))


class Row(dict):
    """A row: its columns are items and attributes, and items by number."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)

    asDict = dict.copy


class Rows(StandIn):
    """A table with the rows that a test gives. What filters, joins or selects leaves them as they are."""

    def __init__(self, calls, rows, name=""):
        super().__init__(calls, name)
        self.__dict__["_rows"] = [Row(row) for row in rows]

    def _next(self, name=""):
        return Rows(self._calls, self._rows, name)

    def __call__(self, *args, **kwargs):
        super().__call__(*args, **kwargs)
        answers = {"collect": self._rows, "toLocalIterator": self._rows, "count": len(self._rows), "first": self._rows[0]}
        return answers.get(self._name, self._next(self._name))

    def __iter__(self):
        return iter(self._rows)


class Session(StandIn):
    """A stand-in for `spark` that knows which tables it was asked about."""

    def __init__(self, tables=None):
        super().__init__(Calls(tables), "spark")

    @property
    def calls(self):
        return self._calls

    def touched(self, table):
        """Whether a call or a statement named the table. Letter case and quotes do not matter."""
        named = re.compile(r"(?<![\w.])" + re.escape(_normal(table)) + r"(?![\w.])")
        return any(named.search(_normal(text)) for _, texts in self._calls for text in texts)


class NotebookExit(Exception):
    """The notebook ended itself by dbutils.notebook.exit."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class _Widgets:
    def __init__(self, given):
        self._given = dict(given)
        self.declared = {}

    def text(self, name, defaultValue="", label=None):
        self.declared[name] = str(defaultValue)

    def dropdown(self, name, defaultValue, choices=(), label=None):
        if defaultValue not in choices:
            raise ValueError(f"the default {defaultValue!r} of the widget {name} is none of its choices")
        self.declared[name] = str(defaultValue)

    def combobox(self, name, defaultValue, choices=(), label=None):
        self.declared[name] = str(defaultValue)

    multiselect = combobox

    def get(self, name):
        for values in (self._given, self.declared):
            if name in values:
                return values[name]
        raise ValueError(f"InputWidgetNotDefined: no widget named {name} is defined, and no parameter is given")

    def getArgument(self, name, defaultValue=None):
        try:
            return self.get(name)
        except ValueError:
            return defaultValue

    def getAll(self):
        return {**self.declared, **self._given}

    def remove(self, name):
        self.declared.pop(name, None)

    def removeAll(self):
        self.declared.clear()


class _Notebook:
    def __init__(self):
        self.runs = []

    def run(self, path, timeout_seconds=0, arguments=None):
        self.runs.append((path, dict(arguments or {})))
        return ""

    def exit(self, value=""):
        raise NotebookExit(value)


class _Secrets:
    def get(self, scope, key):
        return "a stand-in for a secret"

    def getBytes(self, scope, key):
        return b"a stand-in for a secret"

    def list(self, scope):
        return []

    def listScopes(self):
        return []


class _Files:
    """Files in a folder of the test."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)

    def _place(self, path):
        plain = re.sub(r"^[a-z0-9]+:/*", "", str(path)).lstrip("/")
        place = (self._folder / plain).resolve()
        if self._folder.resolve() not in (place, *place.parents):
            raise ValueError(f"{path} leads out of the folder of the test")
        return place

    def ls(self, path):
        place = self._place(path)
        entries = sorted(place.iterdir()) if place.is_dir() else []
        kind = types.SimpleNamespace
        return [kind(path=f"{path}/{e.name}", name=e.name, size=e.stat().st_size, isDir=e.is_dir) for e in entries]

    def put(self, path, contents, overwrite=False):
        place = self._place(path)
        if place.exists() and not overwrite:
            raise FileExistsError(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(contents, encoding="utf-8")
        return True

    def head(self, path, maxBytes=65536):
        return self._place(path).read_text(encoding="utf-8")[:maxBytes]

    def mkdirs(self, path):
        self._place(path).mkdir(parents=True, exist_ok=True)
        return True

    def rm(self, path, recurse=False):
        place = self._place(path)
        if place.is_dir():
            for entry in sorted(place.rglob("*"), reverse=True):
                entry.rmdir() if entry.is_dir() else entry.unlink()
            place.rmdir()
        elif place.exists():
            place.unlink()
        return True

    def cp(self, source, target, recurse=False):
        self.put(target, self.head(source, None), True)
        return True

    def mv(self, source, target, recurse=False):
        self.cp(source, target)
        return self.rm(source)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(name=name)


class _TaskValues:
    def __init__(self):
        self.values = {}

    def set(self, key, value):
        self.values[key] = value

    def get(self, taskKey, key, default=None, debugValue=None):
        for value in (self.values.get(key), debugValue, default):
            if value is not None:
                return value
        return StandIn()


class Utilities:
    """A stand-in for `dbutils`: widgets with their own rules, files in a folder, records of what was run and set."""

    def __init__(self, folder, parameters=None):
        self.widgets = _Widgets(parameters or {})
        self.notebook = _Notebook()
        self.secrets = _Secrets()
        self.fs = _Files(folder)
        self.jobs = types.SimpleNamespace(taskValues=_TaskValues())
        self.library = StandIn(name="library")
        self.data = StandIn(name="data")


class _Module(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(name)
        if name == "__all__":
            return []
        return StandIn(self.__dict__.get("_calls"), name)


class _Modules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, calls, wanted):
        self._calls, self._wanted, self.made = calls, wanted, []

    def find_spec(self, name, path=None, target=None):
        if not self._wanted(name):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = _Module(spec.name)
        module._calls = self._calls
        self.made.append(spec.name)
        return module

    def exec_module(self, module):
        pass


@contextlib.contextmanager
def instead_of_modules(calls):
    """Stand-ins for modules that work on a workspace, and for those that are not installed here."""
    hidden = {name: module for name, module in sys.modules.items() if name.split(".")[0] in REMOTE}
    for name in hidden:
        del sys.modules[name]
    remote = _Modules(calls, lambda name: name.split(".")[0] in REMOTE)
    absent = _Modules(calls, lambda name: True)
    sys.meta_path.insert(0, remote)
    sys.meta_path.append(absent)
    try:
        yield
    finally:
        sys.meta_path.remove(remote)
        sys.meta_path.remove(absent)
        for name in remote.made + absent.made:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)


@contextlib.contextmanager
def no_network():
    """Nothing connects."""

    def refuse(*_, **__):
        raise ConnectionError("a test with stand-ins reaches no network")

    connect, lookup = socket.socket.connect, socket.getaddrinfo
    socket.socket.connect, socket.getaddrinfo = refuse, refuse
    try:
        yield
    finally:
        socket.socket.connect, socket.getaddrinfo = connect, lookup


def surroundings(session, utilities):
    """The names that a notebook finds without importing them."""
    names = {"spark": session, "dbutils": utilities, "sc": StandIn(session._calls, "sc"), "__name__": "__main__"}
    for name in ("display", "displayHTML", "sqlContext", "table", "getArgument"):
        names[name] = StandIn(session._calls, name)
    names["__builtins__"] = builtins
    return names
