"""dbutils: what of it the local workspace has. What it has not refuses by name."""

import collections
import json

FileInfo = collections.namedtuple("FileInfo", "path name size modificationTime")
SecretMetadata = collections.namedtuple("SecretMetadata", "key")
SecretScope = collections.namedtuple("SecretScope", "name")
MountInfo = collections.namedtuple("MountInfo", "mountPoint source encryptionType")


class _Part:
    """One part of dbutils; what it does not have says so."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        part = type(self).__name__.lstrip("_").lower()
        raise NotImplementedError(f"dbutils.{part}.{name} is not supported by the local workspace")


class _Widgets(_Part):
    def __init__(self):
        self._given = {}
        self._defaults = {}

    def _define(self, name, default):
        self._defaults[str(name)] = str(default)

    def text(self, name, defaultValue, label=None):
        self._define(name, defaultValue)

    def dropdown(self, name, defaultValue, choices, label=None):
        if defaultValue not in choices:
            raise ValueError(f"the default value {defaultValue!r} of the widget {name} is none of its choices")
        self._define(name, defaultValue)

    def combobox(self, name, defaultValue, choices, label=None):
        self._define(name, defaultValue)

    def multiselect(self, name, defaultValue, choices, label=None):
        self._define(name, defaultValue)

    def get(self, name):
        if name in self._given:
            return self._given[name]
        if name in self._defaults:
            return self._defaults[name]
        raise ValueError(f"InputWidgetNotDefined: No input widget named {name} is defined")

    def getArgument(self, name, defaultValue=None):
        try:
            return self.get(name)
        except ValueError:
            if defaultValue is None:
                raise
            return defaultValue

    def getAll(self):
        return {**self._defaults, **self._given}

    def remove(self, name):
        self._defaults.pop(name, None)

    def removeAll(self):
        self._defaults.clear()


class _Notebook(_Part):
    def __init__(self, call, leave):
        self._call = call
        self._leave = leave

    def exit(self, value=""):
        raise self._leave(str(value))

    def run(self, path, timeout_seconds=0, arguments=None):
        given = {str(name): str(value) for name, value in (arguments or {}).items()}
        return self._call("notebook.run", path=path, timeout_seconds=timeout_seconds, arguments=given)["result"]


class _TaskValues(_Part):
    def __init__(self, call):
        self._call = call
        self._in_job = False

    def set(self, key, value):
        text = json.dumps(value)
        if self._in_job:
            self._call("jobs.taskValues.set", key=key, value=json.loads(text))

    def get(self, taskKey, key, default=None, debugValue=None):
        if not self._in_job:
            if debugValue is None:
                raise TypeError("Must pass debugValue when calling get outside of a job context. debugValue cannot be None.")
            return debugValue
        found = self._call("jobs.taskValues.get", task_key=taskKey, key=key)
        if "value" in found:
            return found["value"]
        if default is None:
            raise ValueError(f"Task value with key {key} of the task {taskKey} does not exist, and no default was given")
        return default


class _Jobs(_Part):
    def __init__(self, call):
        self.taskValues = _TaskValues(call)


class _FS(_Part):
    def __init__(self, call):
        self._call = call

    @staticmethod
    def _file(info):
        return FileInfo(info["path"], info["name"], info["size"], info["modification_time"])

    def ls(self, path):
        return [self._file(info) for info in self._call("fs.ls", path=path)["files"]]

    def head(self, file, maxBytes=65536):
        return self._call("fs.head", path=file, max_bytes=maxBytes)["text"]

    def put(self, file, contents, overwrite=False):
        self._call("fs.put", path=file, text=contents, overwrite=overwrite)
        return True

    def cp(self, source, destination, recurse=False):
        self._call("fs.cp", source=source, destination=destination, recurse=recurse)
        return True

    def mv(self, source, destination, recurse=False):
        self._call("fs.mv", source=source, destination=destination, recurse=recurse)
        return True

    def rm(self, path, recurse=False):
        return self._call("fs.rm", path=path, recurse=recurse)["removed"]

    def mkdirs(self, path):
        self._call("fs.mkdirs", path=path)
        return True


class _Secrets(_Part):
    def __init__(self, call):
        self._call = call

    def get(self, scope, key):
        return self._call("secrets.get", scope=scope, key=key)["value"]

    def getBytes(self, scope, key):
        return self.get(scope, key).encode()

    def list(self, scope):
        return [SecretMetadata(key) for key in self._call("secrets.list", scope=scope)["secrets"]]

    def listScopes(self):
        return [SecretScope(name) for name in self._call("secrets.listScopes")["scopes"]]


class DBUtils:
    def __init__(self, call, leave):
        self.widgets = _Widgets()
        self.notebook = _Notebook(call, leave)
        self.jobs = _Jobs(call)
        self.fs = _FS(call)
        self.secrets = _Secrets(call)

    def _begin(self, run):
        if run.get("parameters") is not None:
            self.widgets._given = dict(run["parameters"])
        self.jobs.taskValues._in_job = run["in_job"]

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(f"dbutils.{name} is not supported by the local workspace")
