"""What the shipped skills say must be so: code parses, and each name in a code span is a tool, a field or method of the
official SDK, or a word that is known otherwise. Arguments: the folder of skills, a file with the names of all tools
and their arguments."""

import ast
import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
import sys
from pathlib import Path

import databricks.sdk
import databricks.sdk.service
import yaml

skills, tools = Path(sys.argv[1]), set(Path(sys.argv[2]).read_text().split())

# Words of other worlds: bundles, SQL functions and columns, Python packages, plugins, examples.
KNOWN = set("""
    ai_classify ai_extract ai_summarize ai_translate ai_similarity ai_query approx_count_distinct approx_percentile
    array_contains array_distinct array_sort current_timestamp regexp_replace schema_of_json try_cast try_to_timestamp
    read_files auth_type cost_center expected_facts expected_response file_path input_example load_context node_modules
    predict_fn prevent_destroy operation_id current_timezone current_date
""".split())

problems: list[str] = []


def sdk_words() -> set[str]:
    words = set()
    for module in pkgutil.iter_modules(databricks.sdk.service.__path__):
        loaded = importlib.import_module(f"databricks.sdk.service.{module.name}")
        for _, kind in inspect.getmembers(loaded, inspect.isclass):
            if dataclasses.is_dataclass(kind):
                words.update(field.name for field in dataclasses.fields(kind))
            for name, method in inspect.getmembers(kind, inspect.isfunction):
                words.add(name)
                words.update(inspect.signature(method).parameters)
    words.update(name for name, _ in inspect.getmembers(databricks.sdk.WorkspaceClient))
    return words


def check_block(place: str, language: str, text: str) -> None:
    try:
        if language == "python":
            ast.parse(text)
        elif language == "json":
            json.loads(text)
        elif language == "yaml":
            yaml.safe_load(text)
        elif language == "toml":
            import tomllib

            tomllib.loads(text)
        elif language not in {"sql", "bash", "text", "wit"}:
            problems.append(f"{place}: a block of `{language}` that nobody checks")
    except Exception as error:
        problems.append(f"{place}: a block of {language} does not parse: {error}")


def check_calls(place: str, text: str, words: set[str]) -> None:
    """What Python samples call of the SDK exists, with these arguments."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("databricks.sdk"):
            module = importlib.import_module(node.module)
            for name in node.names:
                if not hasattr(module, name.name):
                    problems.append(f"{place}: {node.module} has no {name.name}")
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        api = node.func.value
        if not (isinstance(api, ast.Attribute) and isinstance(api.value, ast.Name) and api.value.id == "w"):
            continue
        kind = getattr(databricks.sdk.WorkspaceClient, api.attr, None)
        if kind is None:
            problems.append(f"{place}: WorkspaceClient has no {api.attr}")
            continue
        returned = inspect.signature(kind.fget).return_annotation
        if isinstance(returned, str):
            returned = getattr(databricks.sdk, returned.split(".")[-1], None)
        method = getattr(returned, node.func.attr, None)
        if method is None:
            problems.append(f"{place}: w.{api.attr} has no {node.func.attr}")
            continue
        parameters = inspect.signature(method).parameters
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg not in parameters:
                problems.append(f"{place}: w.{api.attr}.{node.func.attr} takes no {keyword.arg}")


words = sdk_words()
checked = {"blocks": 0, "words": 0, "links": 0}
for file in sorted(skills.rglob("*.md")):
    place = str(file.relative_to(skills))
    text = file.read_text()
    for language, block in re.findall(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", text, re.M | re.S):
        checked["blocks"] += 1
        lines = block.splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        block = "\n".join(line[indent:] for line in lines)
        check_block(place, language, block)
        if language == "python":
            check_calls(place, block, words)
    prose = re.sub(r"^[ ]*```.*?^[ ]*```", "", text, flags=re.M | re.S)
    for span in re.findall(r"`([^`\n]+)`", prose):
        name = span.removesuffix("()")
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", name):
            continue
        checked["words"] += 1
        if name not in tools and name not in words and name.lower() not in KNOWN:
            problems.append(f"{place}: `{name}` is no tool and no field that is known")
    for link in re.findall(r"\]\(([^)#:]+)\)", prose):
        checked["links"] += 1
        if not (file.parent / link).is_file():
            problems.append(f"{place}: a link to {link}, which is not there")
    for skill in re.findall(r"skills? ([a-z]+(?:-[a-z]+)+)", prose):
        if not (skills / skill / "SKILL.md").is_file():
            problems.append(f"{place}: it names the skill {skill}, which is not there")

print("\n".join(problems))
print(f"{checked} checked, {len(problems)} problems")
sys.exit(1 if problems else 0)
