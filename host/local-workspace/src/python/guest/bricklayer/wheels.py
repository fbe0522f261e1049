"""Wheels of a task: unpacked into the program's own folder, and called by their entry points."""

import importlib
import importlib.metadata
import importlib.util
import os
import re
import sys
import zipfile

# Files of one wheel, and bytes of all that is in it.
FILES = 20_000
BYTES = 512 * 1024 * 1024


class WheelError(Exception):
    """A wheel that cannot be used here."""


def call(package, entry_point, wheels):
    """Calls what a package's entry point names; without one of this name, the package's own function."""
    folders = [folder for file, name in wheels for folder in _unpacked(file, name)]
    sys.path[:0] = folders
    importlib.invalidate_caches()
    found = [one for one in importlib.metadata.distributions(path=folders) if _plain(one.metadata["Name"]) == _plain(package)]
    if not found:
        names = ", ".join(name for _, name in wheels)
        raise WheelError(f"Python wheel with name {package} could not be found. The task's libraries are {names}.")
    points = [point for point in found[0].entry_points if point.name == entry_point]
    points.sort(key=lambda point: point.group != "console_scripts")
    (points[0].load() if points else _function(package, entry_point))()


def _function(package, entry_point):
    module = package.replace("-", "_")
    if not all(part.isidentifier() for part in module.split(".")) or importlib.util.find_spec(module.split(".")[0]) is None:
        raise WheelError(f"The package {package} has no entry point {entry_point}, and no module {module} with such a function.")
    function = getattr(importlib.import_module(module), entry_point, None)
    if not callable(function):
        raise WheelError(f"The package {package} has neither an entry point nor a function {entry_point}.")
    return function


def _plain(name):
    return re.sub(r"[-_.]+", "-", name or "").lower()


def _unpacked(file, name):
    """Unpacks a wheel; the folders that its modules lie in."""
    folder = os.path.abspath(file.removesuffix(".whl"))
    try:
        with zipfile.ZipFile(file) as wheel:
            _check(wheel, name)
            wheel.extractall(folder)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise WheelError(f"{name} is no wheel: it cannot be read as a zip file ({error}).") from None
    os.remove(file)
    data = [os.path.join(folder, within, "purelib") for within in os.listdir(folder) if within.endswith(".data")]
    return [folder, *filter(os.path.isdir, data)]


def _check(wheel, name):
    infos = wheel.infolist()
    if len(infos) > FILES or sum(info.file_size for info in infos) > BYTES:
        raise WheelError(f"{name} has more than {FILES} files, or more than {BYTES >> 20} MiB in them.")
    for info in infos:
        parts = re.split(r"[/\\]", info.filename)
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise WheelError(f"{name} has a file {info.filename!r}, which would lie outside of its folder.")
    about = [info for info in infos if re.fullmatch(r"[^/]+\.dist-info/WHEEL", info.filename)]
    if not about:
        raise WheelError(f"{name} is no wheel: it has no dist-info/WHEEL.")
    tags = re.findall(r"^Tag:\s*(\S+)", wheel.read(about[0]).decode("utf-8", "replace"), re.M)
    if tags and not any(tag.endswith("-none-any") for tag in tags):
        raise WheelError(f"{name} is compiled for {', '.join(tags)}; the local workspace runs wheels of pure Python only.")
