"""The bundle's files fit together."""

import pathlib

import pytest

yaml = pytest.importorskip("yaml")

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESOURCES = sorted((ROOT / "resources").glob("*.yml"))


def _resources(kind):
    for file in RESOURCES:
        read = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        for key, body in ((read.get("resources") or {}).get(kind) or {}).items():
            yield file, key, body or {}


def _tasks(body):
    for task in body.get("tasks") or []:
        yield task
        inner = (task.get("for_each_task") or {}).get("task")
        if inner:
            yield inner


def _paths(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)
    elif isinstance(value, str) and value.startswith("../"):
        yield value


def test_the_bundle_has_a_name_and_targets():
    root = yaml.safe_load((ROOT / "databricks.yml").read_text(encoding="utf-8"))
    assert root["bundle"]["name"]
    assert sum(bool(target.get("default")) for target in root["targets"].values()) == 1


def test_every_key_is_there_once():
    keys = [key for kind in ("jobs", "pipelines") for _, key, _ in _resources(kind)]
    assert len(keys) == len(set(keys))


def test_tasks_have_keys_of_their_own():
    for file, key, body in _resources("jobs"):
        keys = [task["task_key"] for task in body.get("tasks") or []]
        assert len(keys) == len(set(keys)), f"{file.name}: {key}"


def test_tasks_come_after_tasks_that_there_are_and_in_no_circle():
    for file, key, body in _resources("jobs"):
        before = {task["task_key"]: {other["task_key"] for other in task.get("depends_on") or []} for task in body.get("tasks") or []}
        for task, others in before.items():
            assert others <= set(before), f"{file.name}: {key}: {task} comes after what is not there"
        while before:
            ready = [task for task, others in before.items() if not others & set(before)]
            assert ready, f"{file.name}: {key}: {sorted(before)} wait for each other"
            for task in ready:
                del before[task]


def test_clusters_and_environments_of_tasks_are_there():
    for file, key, body in _resources("jobs"):
        clusters = {cluster["job_cluster_key"] for cluster in body.get("job_clusters") or []}
        environments = {environment["environment_key"] for environment in body.get("environments") or []}
        for task in _tasks(body):
            assert task.get("job_cluster_key") in clusters | {None}, f"{file.name}: {key}"
            assert task.get("environment_key") in environments | {None}, f"{file.name}: {key}"


def test_every_path_leads_to_a_file():
    for kind in ("jobs", "pipelines"):
        for file, key, body in _resources(kind):
            for path in _paths(body):
                plain = path.split("*")[0]
                assert (file.parent / plain).exists(), f"{file.name}: {key}: {path}"
