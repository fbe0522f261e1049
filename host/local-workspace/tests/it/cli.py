"""The first Databricks command line (the package databricks-cli), unchanged, against the local workspace: every command
as it is typed, in one process. It is a client of its own, not built on the SDK."""

import json
import os
import sys
import time

from click.testing import CliRunner
from databricks_cli.cli import cli

# It drops the port of its host's address, so the workspace is given to it as the proxy on the way to one without.
os.environ.update(
    DATABRICKS_HOST="http://workspace.test", HTTP_PROXY=os.environ["LAB_HOST"], DATABRICKS_TOKEN=os.environ["LAB_TOKEN"]
)
here = os.environ["HOME"]
home = "/Users/ann@example.com"
done = set()


def ran(*words):
    """What a command printed; it must succeed."""
    done.add(" ".join(words[:2]))
    result = CliRunner().invoke(cli, list(words), catch_exceptions=True)
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


def read(*words):
    return json.loads(ran(*words))


def refused(says, *words):
    done.add(" ".join(words[:2]))
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code != 0 and says in result.output, (words, result.output)


def write(name, text):
    path = os.path.join(here, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def contents(name):
    with open(os.path.join(here, name)) as file:
        return file.read()


# Workspace objects.
ran("workspace", "mkdirs", f"{home}/cli/a b")
one = write("src/one.py", "# Databricks notebook source\nprint(1)\n")
write("src/deep/two.sql", "-- Databricks notebook source\nSELECT 2\n")
ran("workspace", "import", one, f"{home}/cli/one", "-l", "PYTHON")
refused("RESOURCE_ALREADY_EXISTS", "workspace", "import", one, f"{home}/cli/one", "-l", "PYTHON")
ran("workspace", "import", one, f"{home}/cli/one", "-l", "PYTHON", "-o")
listed = ran("workspace", "ls", "-l", f"{home}/cli").split("\n")
assert [line.split()[:3] for line in listed if line] == [
    ["DIRECTORY", "a", "b"], ["NOTEBOOK", "one", "PYTHON"],
], listed
ran("workspace", "export", f"{home}/cli/one", os.path.join(here, "one.back"))
assert contents("one.back") == contents("src/one.py")
ran("workspace", "import_dir", os.path.join(here, "src"), f"{home}/cli/dir")
ran("workspace", "export_dir", f"{home}/cli/dir", os.path.join(here, "dir"))
assert contents("dir/deep/two.sql") == contents("src/deep/two.sql")
refused("DIRECTORY_NOT_EMPTY", "workspace", "rm", f"{home}/cli")
ran("workspace", "rm", "-r", f"{home}/cli")
refused("Authorization failed", "workspace", "ls", "/Users/bob@example.com")
refused("RESOURCE_DOES_NOT_EXIST", "workspace", "ls", f"{home}/cli")

# DBFS; what is copied is sent in blocks.
large = write("large.txt", "line\n" * 600_000)
ran("fs", "mkdirs", "dbfs:/cli/in")
ran("fs", "cp", large, "dbfs:/cli/in/large.txt")
ran("fs", "cp", "dbfs:/cli/in/large.txt", os.path.join(here, "large.back"))
assert contents("large.back") == contents("large.txt")
ran("fs", "cp", "-r", os.path.join(here, "src"), "dbfs:/cli/src")
assert ran("fs", "ls", "dbfs:/cli").split() == ["in", "src"]
assert ran("fs", "ls", "-l", "dbfs:/cli/in").split()[:2] == ["file", "3000000"]
assert "SELECT 2" in ran("fs", "cat", "dbfs:/cli/src/deep/two.sql")
ran("fs", "mv", "dbfs:/cli/src", "dbfs:/cli/moved")
ran("fs", "rm", "-r", "dbfs:/cli")
refused("RESOURCE_DOES_NOT_EXIST", "fs", "ls", "dbfs:/cli")

# Jobs and runs, by the newest version that it knows.
ran("workspace", "import", write("count.py", "dbutils.notebook.exit('counted')\n"), f"{home}/count", "-l", "PYTHON")
cluster_of_job = {"spark_version": "17.3.x-scala2.13", "node_type_id": "i3.xlarge", "num_workers": 1}
task = {"task_key": "count", "new_cluster": cluster_of_job, "notebook_task": {"notebook_path": f"{home}/count"}}
settings = {"name": "from the CLI", "tasks": [task]}
made = read("jobs", "create", "--version", "2.1", "--json", json.dumps(settings))["job_id"]
assert read("jobs", "get", "--version", "2.1", "--job-id", str(made))["settings"]["name"] == "from the CLI"
assert "from the CLI" in ran("jobs", "list", "--version", "2.1")
run = read("jobs", "run-now", "--version", "2.1", "--job-id", str(made))["run_id"]


def ended(run):
    for _ in range(600):
        found = read("runs", "get", "--version", "2.1", "--run-id", str(run))
        if found["state"]["life_cycle_state"] in ("TERMINATED", "INTERNAL_ERROR"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"run {run} does not end")


found = ended(run)
assert found["state"]["result_state"] == "SUCCESS", found
output = read("runs", "get-output", "--version", "2.1", "--run-id", str(found["tasks"][0]["run_id"]))
assert output["notebook_output"]["result"] == "counted", output
assert str(run) in ran("runs", "list", "--version", "2.1", "--job-id", str(made))
ran("jobs", "reset", "--version", "2.1", "--job-id", str(made), "--json", json.dumps({**settings, "name": "renamed"}))
assert "renamed" in ran("jobs", "list", "--version", "2.1")
ran("workspace", "import", write("slow.py", "import time\ntime.sleep(600)\n"), f"{home}/slow", "-l", "PYTHON")
slow = {**task, "notebook_task": {"notebook_path": f"{home}/slow"}}
submitted = read("runs", "submit", "--version", "2.1", "--json", json.dumps({"run_name": "once", "tasks": [slow]}))
ran("runs", "cancel", "--version", "2.1", "--run-id", str(submitted["run_id"]))
assert ended(submitted["run_id"])["state"]["result_state"] == "CANCELED"
ran("jobs", "delete", "--version", "2.1", "--job-id", str(made))
refused("does not exist", "jobs", "get", "--version", "2.1", "--job-id", str(made))

# Clusters.
assert any(v["key"] == "17.3.x-scala2.13" for v in read("clusters", "spark-versions")["versions"])
assert read("clusters", "list-node-types")["node_types"]
cluster = read("clusters", "create", "--json", json.dumps({"cluster_name": "cli", **cluster_of_job}))["cluster_id"]


def stands(state):
    for _ in range(600):
        found = read("clusters", "get", "--cluster-id", cluster)
        if found["state"] == state:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the cluster does not become {state}: {found}")


stands("RUNNING")
assert "cli" in ran("clusters", "list")
ran("clusters", "resize", "--cluster-id", cluster, "--num-workers", "2")
assert stands("RUNNING")["num_workers"] == 2
edited = {"cluster_id": cluster, "cluster_name": "cli 2", **cluster_of_job}
ran("clusters", "edit", "--json", json.dumps(edited))
assert stands("RUNNING")["cluster_name"] == "cli 2"
ran("clusters", "restart", "--cluster-id", cluster)
stands("RUNNING")
assert "CREATING" in ran("clusters", "events", "--cluster-id", cluster)
ran("clusters", "delete", "--cluster-id", cluster)
stands("TERMINATED")
ran("clusters", "start", "--cluster-id", cluster)
stands("RUNNING")
ran("clusters", "permanent-delete", "--cluster-id", cluster)
refused("does not exist", "clusters", "get", "--cluster-id", cluster)

# Unity Catalog.
ran("unity-catalog", "catalogs", "create", "--name", "cli")
ran("unity-catalog", "schemas", "create", "--catalog-name", "cli", "--name", "raw")
names = [schema["name"] for schema in read("unity-catalog", "schemas", "list", "--catalog-name", "cli")["schemas"]]
assert "raw" in names, names
assert read("unity-catalog", "tables", "get", "--full-name", "samples.nyctaxi.trips")["name"] == "trips"
ran("unity-catalog", "catalogs", "delete", "--name", "cli", "--purge")

assert len(done) >= 20, done
print("the CLI is content", len(done), sys.version.split()[0])
