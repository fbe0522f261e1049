"""Drives the reference toolset of the package `anthropic` on random trees, and prints what it did, a case a line."""

import base64, hashlib, json, os, random, shutil, sys, tempfile

import anyio
from anthropic.lib.tools import agent_toolset as reference

WORDS = ["alpha", "beta", "gamma", "Delta", "foo", "bar", "foobar", "x1", "é", "a.b", "", "  in", "☃"]
NAMES = ["a.txt", "b.sql", "c d.md", "ü.txt", "e.py", ".hidden", "noext"]
FOLDERS = ["", "x/", "x/y/", "z/", ".h/"]
GLOBS = ["**/*.txt", "**/*", "*/*", "x/*.md", "x/**/*.py", "**/[ab].*", "*.txt", "**/?.py", "*/*/*", ".h/*", "e.py"]
GREPS = ["alpha", "^foo", "bar$", "a.b", r"\bfoo\b", "[aeiou]{2}", "(?i)delta", "x\\d", "é", "(", "^$", "nothing here", "☃|beta"]


def text(rng):
    return "\n".join(" ".join(rng.choices(WORDS, k=rng.randint(0, 4))) for _ in range(rng.randint(0, 7)))


def content(rng):
    body = text(rng) + rng.choice(["", "\n"])
    kind = rng.random()
    if kind < 0.08:
        return body.replace("\n", "\r\n").encode()
    if kind < 0.12:
        return b"\xef\xbb\xbf" + body.encode()
    if kind < 0.16:
        return ("caf\xe9 " + body.replace("☃", "")).encode("latin-1")
    if kind < 0.19:
        return body.encode() + b"\0tail\n"
    return body.encode()


def tree(rng):
    entries = {}
    for _ in range(rng.randint(1, 9)):
        path = rng.choice(FOLDERS) + rng.choice(NAMES)
        entries[path] = {"bytes": base64.b64encode(content(rng)).decode()}
    if rng.random() < 0.15:
        inside = rng.choice(sorted(entries))
        targets = {"link": inside, "out": "/etc/passwd", "dangling": "gone/away.txt", "loop": "loop", "folder": "x"}
        name = rng.choice(sorted(targets))
        entries[name] = {"link": targets[name]}
    return entries


def make(root, entries):
    for place, (path, entry) in enumerate(entries.items()):
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if "link" in entry:
            os.symlink(entry["link"], full)
            continue
        with open(full, "wb") as file:
            file.write(base64.b64decode(entry["bytes"]))
        os.utime(full, (1_600_000_000 + place * 10,) * 2)


def a_path(rng, entries):
    kind = rng.random()
    if kind < 0.8:
        path = rng.choice(sorted(entries))
        return path + ("/a.txt" if path == "folder" else "")
    odd = ["new.txt", "deep/er/new.txt", "x/../a.txt", "../out.txt", "/etc/passwd", "", "x", "a.txt/inner", "./e.py", "out"]
    return rng.choice(odd)


def a_call(rng, root, entries):
    tool = rng.choice(["read", "read", "edit", "edit", "edit", "write", "glob", "glob", "grep", "grep"])
    path = a_path(rng, entries)
    if tool == "read":
        given = {"file_path": path}
        if rng.random() < 0.4:
            start = rng.randint(1, 8)
            given["view_range"] = [start, start + rng.randint(0, 5)]
    elif tool == "write":
        given = {"file_path": path, "content": text(rng)}
    elif tool == "edit":
        try:
            with open(os.path.join(root, path), "rb") as file:
                there = file.read().decode(errors="replace")
        except OSError:
            there = ""
        start = rng.randint(0, max(0, len(there) - 1))
        old = there[start : start + rng.randint(1, 12)] if rng.random() < 0.85 else rng.choice(WORDS)
        new = rng.choice(WORDS + ["two\nlines"])
        given = {"file_path": path, "old_string": old, "new_string": new}
        if rng.random() < 0.3:
            given["replace_all"] = True
    elif tool == "glob":
        given = {"pattern": rng.choice(GLOBS)}
        if rng.random() < 0.25:
            given["path"] = rng.choice(["x", "z", "x/y"])
    else:
        given = {"pattern": rng.choice(GREPS)}
        if rng.random() < 0.3:
            given["path"] = rng.choice(["x", "z", "a.txt", "gone"])
    return tool, given


def digest(root, path):
    try:
        with open(os.path.normpath(os.path.join(root, path)), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except (OSError, ValueError):
        return None


async def case(rng, root):
    entries = tree(rng)
    make(root, entries)
    tools = {tool.name: tool for tool in reference.beta_agent_toolset_20260401(reference.AgentToolContext(workdir=root))}
    calls = []
    for _ in range(6):
        name, given = a_call(rng, root, entries)
        before = None
        if name in ("edit", "write"):
            try:
                with open(os.path.join(root, given["file_path"]), "rb") as file:
                    before = base64.b64encode(file.read()).decode()
            except (OSError, ValueError):
                pass
        try:
            said, ok = await tools[name].call(given), True
        except reference.ToolError as error:
            said, ok = str(error), False
        said = str(said).replace(os.path.realpath(root) + "/", "").replace(os.path.realpath(root), ".")
        if name == "glob" and ok and said != "no matches":
            said = "\n".join(line for line in said.split("\n") if os.path.isfile(os.path.join(root, line)))
        after = digest(root, given["file_path"]) if name in ("edit", "write") and ok else None
        calls.append({"tool": name, "input": given, "ok": ok, "said": said, "before": before, "after": after})
    return {"tree": entries, "calls": calls}


# Trees of a few files each: a disk's syncs would be most of the time.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


async def main(seed, count):
    for number in range(count):
        root = tempfile.mkdtemp(dir=MEMORY)
        print(json.dumps(await case(random.Random(seed * 1_000_003 + number), root)))
        shutil.rmtree(root)


# The built-in search, not whatever ripgrep this machine has.
os.environ["PATH"] = "/nonexistent"
anyio.run(main, int(sys.argv[1]), int(sys.argv[2]))
