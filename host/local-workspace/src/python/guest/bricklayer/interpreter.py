"""One interpreter of the local workspace: runs the code that comes in, and says what it printed, showed and left.

Both ways are lines of JSON, on descriptors that only this file knows: what the code prints, through Python or beside
it, never gets between them.
"""

import ast
import base64
import io
import json
import linecache
import os
import queue
import re
import signal
import sys
import threading
import time
import traceback

from . import spark as sql
from .dbutils import DBUtils
from .modules import provide_pyspark

# Where this program is.
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Characters of output that are sent together, and how long they wait for more of their kind.
OUTPUT_TOGETHER = 4096
OUTPUT_WAITS = 0.05

# Rows of a table that is shown.
SHOWN_ROWS = 10_000

# Bytes of a picture that is shown.
IMAGE_BYTES = 8 * 1024 * 1024


class CallFailed(Exception):
    """The workspace refused or failed what the code asked of it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class NotebookExit(BaseException):
    """dbutils.notebook.exit: ends the run, and no handler of the code's own stops it."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class Interrupts:
    """Turns SIGINT into KeyboardInterrupt, never within a line that is being written."""

    def __init__(self):
        self.running = False
        self._held = 0
        self._pending = False
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, *_):
        if not self.running:
            return
        if self._held:
            self._pending = True
        else:
            raise KeyboardInterrupt

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._held += 1

    def __exit__(self, *_):
        if threading.current_thread() is not threading.main_thread():
            return
        self._held -= 1
        if self._pending and not self._held:
            self._pending = False
            if self.running:
                raise KeyboardInterrupt


class Channel:
    """The two pipes to the workspace."""

    def __init__(self, interrupts):
        self._interrupts = interrupts
        self._lines = os.fdopen(os.dup(0), "rb")
        self._out = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        # What is printed beside Python goes to standard error, which says why a process died.
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._waiting = {}
        self._last = 0
        self.runs = queue.SimpleQueue()
        threading.Thread(target=self._read, name="workspace", daemon=True).start()

    def _read(self):
        try:
            for line in self._lines:
                # Read where it is waited for, which is where memory may run out.
                kind, number, message = line.split(b" ", 2)
                waiting = self.runs if kind == b"run" else self._waiting.pop(int(number), None)
                if waiting is not None:
                    waiting.put(message)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
            os._exit(1)
        # Nobody is left to work for.
        os._exit(0)

    def send(self, message):
        line = (json.dumps(message) + "\n").encode()
        with self._interrupts, self._lock:
            while line:
                line = line[os.write(self._out, line):]

    def call(self, method, **params):
        answers = queue.SimpleQueue()
        with self._lock:
            self._last += 1
            number = self._last
            self._waiting[number] = answers
        self.send({"call": {"id": number, "method": method, "params": params}})
        try:
            answer = json.loads(answers.get())
        except KeyboardInterrupt:
            self._waiting.pop(number, None)
            self.send({"drop": {"id": number}})
            raise
        if "error" in answer:
            error = answer["error"]
            raise CallFailed(error["code"], error["message"])
        return answer["result"]


class Output(io.TextIOBase):
    """Standard output and standard error of the code: kept together, in order, up to the run's bound."""

    encoding = "utf-8"

    def __init__(self, channel):
        self._channel = channel
        self._lock = threading.RLock()
        self._parts = []
        self._size = 0
        self._since = 0.0
        self._left = 0

    def begin(self, most):
        self._left = most

    def writable(self):
        return True

    def isatty(self):
        return False

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            # One more than fits, so that the other side knows that something is missing.
            kept = text[: max(self._left + 1, 0)]
            self._left -= len(kept)
            if kept:
                if not self._parts:
                    self._since = time.monotonic()
                self._parts.append(kept)
                self._size += len(kept)
                if self._size >= OUTPUT_TOGETHER or time.monotonic() - self._since > OUTPUT_WAITS:
                    self.flush()
        return len(text)

    def flush(self):
        with self._lock:
            if self._parts:
                text = "".join(self._parts)
                self._parts, self._size = [], 0
                self._channel.send({"out": text.encode("utf-8", "replace").decode()})


class Display:
    """display, displayHTML, and what a command's last expression shows."""

    def __init__(self, channel, output):
        self._channel = channel
        self._output = output

    def __call__(self, value=None, *_, **__):
        if not self._show(value):
            print(value if isinstance(value, str) else repr(value))

    def last(self, value):
        """Shows what a command's last expression gives."""
        if value is not None and not (self._is_picture(value) and self._show(value)):
            print(repr(value))

    def html(self, text):
        print(text)

    def figures(self):
        """Shows the figures that matplotlib holds, and lets go of them."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        for number in pyplot.get_fignums() if pyplot else ():
            self._picture(_png_of(pyplot.figure(number)))
        if pyplot:
            pyplot.close("all")

    @staticmethod
    def _is_picture(value):
        return hasattr(value, "_repr_png_") and not isinstance(value, type)

    def _show(self, value):
        if isinstance(value, sql.DataFrame):
            columns, rows, truncated = value._shown(SHOWN_ROWS)
            self._table(columns, rows, truncated)
        elif type(value).__module__.startswith("pandas.") and type(value).__name__ == "DataFrame":
            columns, rows = sql.of_pandas(value.head(SHOWN_ROWS))
            self._table(columns, rows, len(value) > SHOWN_ROWS)
        elif type(value).__module__.startswith("matplotlib.") and hasattr(value, "savefig"):
            self._picture(_png_of(value))
        elif self._is_picture(value):
            data = value._repr_png_()
            if not isinstance(data, (bytes, bytearray)):
                return False
            self._picture(bytes(data))
        else:
            return False
        return True

    def _table(self, columns, rows, truncated):
        self._output.flush()
        self._channel.send({"table": {"columns": columns, "rows": rows, "truncated": truncated}})

    def _picture(self, data):
        if len(data) > IMAGE_BYTES:
            raise ValueError(f"a picture of more than {IMAGE_BYTES >> 20} MiB cannot be shown")
        self._output.flush()
        self._channel.send({"image": {"media_type": "image/png", "data": base64.b64encode(data).decode()}})


def _png_of(figure):
    data = io.BytesIO()
    figure.savefig(data, format="png", bbox_inches="tight")
    return data.getvalue()


def _compiled(code, filename, interactive):
    """The code, and its last expression by itself when its value is to be shown."""
    linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
    tree = ast.parse(code, filename)
    last = None
    if interactive and tree.body and isinstance(tree.body[-1], ast.Expr):
        last = compile(ast.Expression(tree.body.pop().value), filename, "eval")
    return compile(tree, filename, "exec"), last


def _without_ours(told):
    """Leaves out of a trace, and of those that led to it, what is not the code's."""
    while told is not None:
        told.stack = traceback.StackSummary.from_list(
            [frame for frame in told.stack if not frame.filename.startswith(HERE)])
        told = told.__cause__ or told.__context__


def _failure(error):
    """What went wrong in one line, and the whole trace without this program's own part of it."""
    name = type(error).__name__
    try:
        told = traceback.TracebackException.from_exception(error)
        _without_ours(told)
        lines = "".join(told.format_exception_only()).strip().splitlines()
        whole = "".join(told.format())
    except Exception as again:  # The code's own __str__ may fail as well.
        lines, whole = [], f"{name} (and {type(again).__name__} while it was told)"
    # A syntax error shows its place first.
    line = lines[-1 if isinstance(error, SyntaxError) else 0] if lines else name
    return {"class": name, "summary": line.removeprefix(f"{type(error).__module__}."), "trace": whole}


class Interpreter:
    def __init__(self):
        self._interrupts = Interrupts()
        self._channel = Channel(self._interrupts)
        self._output = Output(self._channel)
        sys.stdout = sys.stderr = self._output
        sys.__stdout__ = sys.__stderr__ = self._output
        self._display = Display(self._channel, self._output)
        self._utilities = DBUtils(self._channel.call, NotebookExit)
        self._session = sql.SparkSession(self._channel.call, CallFailed)
        self._namespace = {
            "__name__": "__main__",
            "__builtins__": __builtins__,
            "spark": self._session,
            "dbutils": self._utilities,
            "display": self._display,
            "displayHTML": self._display.html,
            "getArgument": self._utilities.widgets.getArgument,
            "sqlContext": self._session,
        }
        # What the code pickles and imports finds its own names in the module that it believes to be.
        main = sys.modules["__main__"]
        main.__dict__.clear()
        main.__dict__.update(self._namespace)
        self._namespace = main.__dict__
        provide_pyspark(self._session, self._utilities)

    def serve(self):
        version = ".".join(str(part) for part in sys.version_info[:3])
        self._channel.send({"ready": {"python": version, "walls": os.environ.pop("BRICKLAYER_WALLS", "")}})
        while True:
            self._run(json.loads(self._channel.runs.get()))

    def _run(self, run):
        done = {"id": run["id"]}
        self._output.begin(run["output_bytes"])
        self._utilities._begin(run)
        if run.get("argv") is not None:
            sys.argv = run["argv"]
        try:
            try:
                self._interrupts.running = True
                self._execute(run)
                self._display.figures()
            finally:
                self._interrupts.running = False
        except NotebookExit as end:
            done["exit"] = end.value
        except SystemExit as end:
            # Scripts end themselves so; only a code other than zero is a failure.
            if end.code not in (None, 0):
                done["error"] = _failure(end)
        except BaseException as error:
            done["error"] = _failure(error)
        self._output.flush()
        self._channel.send({"done": done})

    def _execute(self, run):
        if run["language"] == "sql":
            widgets = self._utilities.widgets.getAll()
            given = {name: value for name, value in widgets.items() if re.search(rf":{re.escape(name)}\b", run["code"])}
            shown = self._session.sql(run["code"], given)
            self._namespace["_sqldf"] = shown
            if shown.columns:
                self._display(shown)
            return
        self._namespace["__file__"] = run["filename"]
        body, last = _compiled(run["code"], run["filename"], run["interactive"])
        exec(body, self._namespace)
        if last is not None:
            self._display.last(eval(last, self._namespace))
