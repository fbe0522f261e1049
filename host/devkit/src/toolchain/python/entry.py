"""Stands between the host and a plugin's own module; `bricklayer plugin build` writes it, with the signatures of the
plugin's tools in the place of the table below. It turns what a tool raises into a failure with its text, and names the
field of a result that does not fit.
"""

import functools
import inspect
import json
import traceback

import MODULE as _plugin
from MODULE import *  # noqa: F401,F403
from componentize_py_types import Err

_TABLE = json.loads(r'''TABLE''')


def _missing(what):
    return AttributeError("BRICKLAYER-MISSING " + what)


def _tool_error(message):
    from wit_world.imports import errors

    return Err(errors.ToolError(errors.ErrorKind.FAILED, message, False))


def _log(text):
    try:
        from wit_world.imports import log
    except ImportError:
        print(text)
    else:
        log.write(log.Level.ERROR, text)


def _failure(kind, message):
    if kind == "tool-error":
        return _tool_error(message)
    return Err(message)


def _wording(value):
    return "None" if value is None else "a value of type " + type(value).__name__


def _expects(path, wanted, value):
    return f"{path}: the WIT wants {wanted}, and the tool gives {_wording(value)}"


def _misfit(shape, value, path):
    """What does not fit a shape, in words; None when all does."""
    if shape == "any":
        return None
    if shape == "string":
        return None if isinstance(value, str) else _expects(path, "a str", value)
    if shape == "bool":
        return None if isinstance(value, bool) else _expects(path, "a bool", value)
    if shape == "float":
        return None if isinstance(value, (int, float)) and not isinstance(value, bool) else _expects(path, "a float", value)
    if shape == "bytes":
        return None if isinstance(value, (bytes, bytearray, list)) else _expects(path, "bytes", value)
    if "int" in shape:
        low, high = shape["int"]
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return None
        wanted = f"an int from {low} to {high}"
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{path}: the WIT wants {wanted}, and the tool gives {value}"
        return _expects(path, wanted, value)
    if "option" in shape:
        return None if value is None else _misfit(shape["option"], value, path)
    if "list" in shape:
        if not isinstance(value, (list, tuple)):
            return _expects(path, "a list", value)
        for at, item in enumerate(value):
            wrong = _misfit(shape["list"], item, f"{path}[{at}]")
            if wrong is not None:
                return wrong
        return None
    if "enum" in shape:
        return None
    for name, field in shape["record"]:
        if not hasattr(value, name):
            kind = shape["name"] or "a record"
            return f"{path}: the WIT wants {kind} with a field {name}, and the tool gives {_wording(value)}"
        inner = f"the result's field {name}" if path == "the result" else f"{path}.{name}"
        wrong = _misfit(field, getattr(value, name), inner)
        if wrong is not None:
            return wrong
    return None


def _call(work, signature):
    kind = signature["failure"]

    @functools.wraps(work)
    def called(*given):
        try:
            result = work(*given)
        except Err:
            raise
        except BaseException as error:
            if kind is None:
                raise
            text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            _log("".join(traceback.format_exception(error)))
            raise _failure(kind, text) from None
        if inspect.isawaitable(result):
            close = getattr(result, "close", None)
            if close is not None:
                close()
            wrong = "the tool is an async function: nothing can be awaited here; return the result itself"
        else:
            wrong = None if signature["success"] is None else _misfit(signature["success"], result, "the result")
        if wrong is not None:
            if kind is None:
                raise TypeError(wrong)
            raise _failure(kind, wrong)
        return result

    return called


def _bind(name, functions):
    owner = getattr(_plugin, name, None)
    if not inspect.isclass(owner):
        raise _missing(f"class {name}")
    bound = {}
    for method, signature in functions.items():
        work = owner.__dict__.get(method)
        if work is None:
            inherited = [c.__dict__.get(method) for c in owner.__mro__[1:] if not c.__module__.startswith("wit_world")]
            work = next((found for found in inherited if found is not None), None)
        if not callable(work):
            raise _missing(f"{name}.{method}")
        bound[method] = _call(work, signature)
    return type(name, (owner,), bound)


for _name, _functions in _TABLE.items():
    globals()[_name] = _bind(_name, _functions)
