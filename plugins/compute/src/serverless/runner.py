# Databricks notebook source
# Runs code and gives back what it printed, showed and how it failed: a run keeps of a notebook its exit value alone.
import ast
import contextlib
import io
import json
import linecache
import traceback

CODE = @CODE@
LANGUAGE = @LANGUAGE@


def bricklayer_run(code, language):
    name, most_chars, most_rows, most_tables, most_cell = "<code>", 200_000, 1_000, 16, 10_000
    # Characters of all tables together; with the text they stay below what a run keeps.
    room = 200_000
    revealed, tables, cut = [], [], []

    class Output(io.TextIOBase):
        parts, left = [], most_chars

        def writable(self):
            return True

        def write(self, text):
            kept = text[: max(self.left, 0)]
            if len(kept) < len(text):
                cut.append(True)
            self.left -= len(kept)
            self.parts.append(kept)
            return len(text)

    class Around:
        """What it does not have itself is the real one's."""

        def __init__(self, real):
            self._real = real

        def __getattr__(self, attribute):
            return getattr(self._real, attribute)

    class Secrets(Around):
        def get(self, scope, key):
            value = self._real.get(scope, key)
            revealed.append(value)
            return value

        def getBytes(self, scope, key):
            value = self._real.getBytes(scope, key)
            revealed.append(bytes(value).decode("utf-8", "replace"))
            return value

    class Utilities(Around):
        def __init__(self, real):
            super().__init__(real)
            self.secrets = Secrets(real.secrets)

    def is_spark(value):
        return all(hasattr(value, part) for part in ("dtypes", "limit", "collect")) and isinstance(value.dtypes, list)

    def is_pandas(value):
        return type(value).__module__.startswith("pandas.") and type(value).__name__ == "DataFrame"

    def cell(value):
        if value is None or value != value:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (bytes, bytearray)):
            return bytes(value).hex()
        return str(value)[:most_cell]

    def show(value=None, *_, **__):
        if is_spark(value):
            columns = [[column, kind.upper()] for column, kind in value.dtypes]
            rows = [list(row) for row in value.limit(most_rows + 1).collect()]
        elif is_pandas(value):
            columns = [[str(column), "STRING"] for column in value.columns]
            rows = [list(row) for row in value.head(most_rows + 1).itertuples(index=False, name=None)]
        else:
            return print(value if isinstance(value, str) else repr(value))
        if len(tables) == most_tables:
            return cut.append(True)
        nonlocal room
        shown = []
        for row in rows[:most_rows]:
            texts = [cell(value) for value in row]
            room -= sum(len(text or "") + 4 for text in texts)
            if room < 0:
                break
            shown.append(texts)
        tables.append({"columns": columns, "rows": shown, "more": len(shown) < len(rows)})

    def statements(text):
        """The statements of a script, divided at semicolons that are in no quotes and no comment."""
        at, start, end = 0, 0, len(text)
        while at < end:
            if text[at] in "'\"`":
                quote, at = text[at], at + 1
                while at < end and text[at] != quote:
                    at += 2 if text[at] == "\\" and quote != "`" else 1
            elif text.startswith("--", at):
                at = text.find("\n", at) if "\n" in text[at:] else end
            elif text.startswith("/*", at):
                at = text.find("*/", at + 2) + 1 if "*/" in text[at + 2:] else end
            elif text[at] == ";":
                yield text[start:at]
                start = at + 1
            at += 1
        yield text[start:]

    def execute():
        if language == "sql":
            for statement in statements(code):
                if statement.strip():
                    result = spark.sql(statement)
                    if result.columns:
                        show(result)
            return
        names = {"__name__": "__main__", "spark": spark, "dbutils": Utilities(dbutils), "display": show}
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        tree = ast.parse(code, name)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = compile(ast.Expression(tree.body.pop().value), name, "eval")
        exec(compile(tree, name, "exec"), names)
        value = eval(last, names) if last else None
        if value is not None:
            show(value) if is_spark(value) or is_pandas(value) else print(repr(value))

    def told(error):
        """The error in one line, and its trace from the code's own first line on."""
        trace = traceback.TracebackException.from_exception(error)
        own = [at for at, frame in enumerate(trace.stack) if frame.filename == name]
        trace.stack = traceback.StackSummary.from_list(list(trace.stack)[own[0]:] if own else [])
        lines = "".join(trace.format_exception_only()).strip().splitlines()
        line = lines[-1 if isinstance(error, SyntaxError) else 0] if lines else type(error).__name__
        return {"summary": line, "trace": "".join(trace.format())[-20_000:]}

    output, failure = Output(), None
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            execute()
    except SystemExit as end:
        failure = None if end.code in (None, 0) else told(end)
    except Exception as error:
        failure = told(error)
    left = {"out": "".join(output.parts), "cut": bool(cut), "tables": tables, "error": failure}
    left = json.dumps(left, ensure_ascii=False)
    # What the workspace would not show of a cell is not shown of this one.
    for value in sorted(set(filter(None, revealed)), key=len, reverse=True):
        left = left.replace(json.dumps(value, ensure_ascii=False)[1:-1], "[REDACTED]")
    return left.encode("utf-8", "replace").decode()


bricklayer_left = bricklayer_run(CODE, LANGUAGE)
dbutils.notebook.exit(bricklayer_left)
