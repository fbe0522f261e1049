"""What a plugin in Python needs beside its own WIT: HTTP with JSON, failures, progress, state, results, log lines.

Written by `bricklayer plugin new`; yours to read and change. The host's interfaces are in wit/deps.
"""

import json as _json
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from componentize_py_types import Err
from wit_world.imports import context as _context
from wit_world.imports import errors, http
from wit_world.imports import log as _log
from wit_world.imports import progress as _progress
from wit_world.imports import results as _results
from wit_world.imports import state as _state

_KINDS = {kind.name.lower().replace("_", "-"): kind for kind in errors.ErrorKind}

# How much of a far end's own words a failure repeats.
_SAID_CHARS = 500


def failed(kind: str, message: str, retryable: bool = False) -> Err:
    """A failed call, to be raised. `kind` is one of the cases of `error-kind` in wit/deps."""
    return Err(errors.ToolError(_KINDS[kind], message, retryable))


def fail(kind: str, message: str, retryable: bool = False) -> NoReturn:
    """Ends the call: `message` says what happened and what to do next, for the model and the user."""
    raise failed(kind, message, retryable)


def kind_of(failure: Err) -> str:
    """The kind of a failed call: `except Err as failure: if kind_of(failure) == "not-found"`."""
    return failure.value.kind.name.lower().replace("_", "-")


def fetch(
    method: str,
    url: str,
    *,
    query: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    timeout_ms: int | None = None,
) -> http.Response:
    """Sends a request and returns the answer whatever its status is. Needs a grant in plugin.toml.

    The caller's workspace is `https://workspace/...`: the host puts its name and the caller's credential in.
    """
    if query:
        pairs = [(name, value) for name, value in query.items() if value is not None]
        url += "?" + urlencode(pairs, quote_via=quote)
    sent = [http.Header(name, value) for name, value in (headers or {}).items()]
    try:
        return http.fetch(http.Request(method, url, sent, body, timeout_ms))
    except Err as error:
        raise _unanswered(url, error.value) from None


def request_json(method: str, url: str, *, query: dict[str, Any] | None = None, body: Any = None, **numbers: Any) -> Any:
    """Sends JSON, reads JSON; an error status is a failure. `parse_float=decimal.Decimal` keeps every digit."""
    headers = {"accept": "application/json"}
    sent = None
    if body is not None:
        headers["content-type"] = "application/json"
        sent = _json.dumps(body).encode()
    response = fetch(method, url, query=query, headers=headers, body=sent)
    if not 200 <= response.status < 300:
        raise _refused(url, response)
    try:
        return _json.loads(response.body or b"{}", **numbers)
    except ValueError as error:
        fail("upstream", f"the answer of {_host(url)} is no JSON: {error}")


def get_json(url: str, query: dict[str, Any] | None = None, **numbers: Any) -> Any:
    """`GET`; entries of `query` that are None are left out."""
    return request_json("GET", url, query=query, **numbers)


def post_json(url: str, body: Any, **numbers: Any) -> Any:
    """`POST` with a JSON body."""
    return request_json("POST", url, body=body, **numbers)


def progress(message: str, done: float | None = None, total: float | None = None) -> None:
    """Shows the user how far the call is."""
    _progress.report(message, done, total)


def log(message: str, level: str = "info") -> None:
    """A line for the operator's log, and for `bricklayer plugin dev`. Nothing that belongs to the user."""
    _log.write(_log.Level[level.upper()], message)


def context() -> _context.CallContext:
    """On whose behalf and where this call runs."""
    return _context.get()


def recall(key: str) -> Any:
    """A value kept in this project; None when there is none. Needs `state = true` in plugin.toml."""
    text = _state.get(key)
    return None if text is None else _json.loads(text)


def keep(key: str, value: Any) -> None:
    """Keeps a JSON value in this project, at most 65536 bytes."""
    _state.set(key, _json.dumps(value))


def _host(url: str) -> str:
    host = url.split("://", 1)[-1].split("/", 1)[0].split("?", 1)[0]
    return "the workspace" if host == "workspace" else host


_UNANSWERED = {
    http.HttpError_Denied: ("denied", "the host refused the request to {}", False),
    http.HttpError_Invalid: ("invalid-input", "the request to {} is malformed", False),
    http.HttpError_TooLarge: ("limit-exceeded", "too much for one request to {}", False),
    http.HttpError_Timeout: ("timeout", "{} did not answer in time", True),
    http.HttpError_Unreachable: ("upstream", "{} could not be reached", True),
    http.HttpError_Failed: ("upstream", "the request to {} failed", True),
}


def _unanswered(url: str, error: Any) -> Err:
    kind, words, retryable = _UNANSWERED[type(error)]
    return failed(kind, f"{words.format(_host(url))}: {error.value}", retryable)


def _refused(url: str, response: http.Response) -> Err:
    status = response.status
    kinds = {
        400: "invalid-input",
        401: "unauthenticated",
        403: "permission-denied",
        404: "not-found",
        410: "not-found",
        408: "timeout",
        413: "limit-exceeded",
        422: "invalid-input",
        429: "rate-limited",
    }
    kind = kinds.get(status, "upstream" if status >= 500 else "failed")
    said = response.body.decode(errors="replace")
    try:
        body = _json.loads(said)
        said = str(body.get("message") or body.get("error") or body.get("detail") or said)
    except (ValueError, AttributeError):
        pass
    return failed(kind, f"{_host(url)}: {said[:_SAID_CHARS]} (HTTP {status})", status in (429, 502, 503, 504))


class Result:
    """What the host keeps whole for the user; begun by `keep_table` and `keep_text`."""

    def __init__(self, opened: _results.Opened):
        self._handle = opened.handle
        self.id = opened.id

    def append(self, rows: list) -> bool:
        """Appends rows, each a list of cells; what JSON does not have is kept as its text. False when it takes no more."""
        rows = _json.dumps(rows, default=str, ensure_ascii=False).encode()
        return _took(lambda: _results.append_rows(self._handle, rows))

    def append_text(self, text: str) -> bool:
        """Appends text. False when it takes no more."""
        return _took(lambda: _results.append_bytes(self._handle, text.encode()))

    def finish(self, whole: bool = True) -> None:
        """Ends it; `whole` is false when the work broke off."""
        _unless_refused(lambda: _results.finish(self._handle, whole, None))


def keep_table(columns: list[tuple[str, str]], title: str | None = None) -> Result | None:
    """Begins a table that the host keeps whole for the user, beside the answer that the model reads.

    `columns` are pairs of a name and a type as SQL spells it, such as `("n", "BIGINT")`. None where nothing is kept: go
    on without.
    """
    named = [_results.Column(name, kind) for name, kind in columns]
    return _begin(_results.Content.TABLE, title, None, named)


def keep_text(title: str | None = None, media_type: str = "text/plain") -> Result | None:
    """The same for a text, such as a long log."""
    return _begin(_results.Content.TEXT, title, media_type, [])


def _begin(content, title, media_type, columns) -> Result | None:
    unknown = _results.Origin(*[None] * 11)
    about = _results.NewResult(content, title, media_type, None, columns, unknown, None)
    try:
        return Result(_results.open(about))
    except Err as error:
        if isinstance(error.value, _results.ResultError_Unavailable):
            return None
        raise _unkept(error.value) from None


def _took(work) -> bool:
    return isinstance(_unless_refused(work), _results.Appended_Taken)


def _unless_refused(work):
    try:
        return work()
    except Err as error:
        raise _unkept(error.value) from None


def _unkept(error) -> Err:
    kind = "limit-exceeded" if isinstance(error, _results.ResultError_TooMany) else "failed"
    return failed(kind, f"the result was not kept: {error.value}")
