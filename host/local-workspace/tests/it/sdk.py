"""The official Databricks SDK for Python, unchanged, against the local workspace."""

import base64
import datetime
import io
import os
import sys
import urllib.request
import json

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    BadRequest, DatabricksError, InvalidParameterValue, NotFound, OperationFailed, PermissionDenied, ResourceConflict,
    ResourceDoesNotExist, Unauthenticated,
)
from databricks.sdk.service import catalog, compute, jobs, pipelines, sharing, sql, workspace

host, token = os.environ["LAB_HOST"], os.environ["LAB_TOKEN"]
w = WorkspaceClient(host=host, token=token, auth_type="pat")

# Identity.
me = w.current_user.me()
assert me.user_name == "ann@example.com", me
assert me.active and me.emails[0].value == "ann@example.com"
assert w.get_workspace_id() > 0

assert [u.user_name for u in w.users.list(filter='userName eq "bob@example.com"')] == ["bob@example.com"]
assert w.users.get(me.id).display_name == "ann"
assert {g.display_name: len(g.members) for g in w.groups.list()} == {"admins": 1, "users": 3}
machine = next(iter(w.service_principals.list()))
client_id, client_secret = os.environ["LAB_ROBOT"].split("=")
assert machine.application_id == client_id, machine
robot = WorkspaceClient(host=host, client_id=client_id, client_secret=client_secret, auth_type="oauth-m2m")
assert robot.current_user.me().user_name == client_id
assert list(robot.workspace.list(f"/Users/{client_id}")) == []

# Secrets.
w.secrets.create_scope("sdk")
w.secrets.put_secret("sdk", "text", string_value="ü")
w.secrets.put_secret("sdk", "bytes", bytes_value=base64.b64encode(b"\x00\xff").decode())
assert base64.b64decode(w.secrets.get_secret("sdk", "bytes").value) == b"\x00\xff"
assert w.dbutils.secrets.get("sdk", "text") == "ü"
assert [s.key for s in w.secrets.list_secrets("sdk")] == ["bytes", "text"]
try:
    robot.secrets.get_secret("sdk", "text")
    raise AssertionError("a secret was given to somebody else")
except PermissionDenied:
    pass
w.secrets.put_acl("sdk", client_id, workspace.AclPermission.READ)
assert base64.b64decode(robot.secrets.get_secret("sdk", "text").value).decode() == "ü"
assert w.secrets.get_acl("sdk", client_id).permission == workspace.AclPermission.READ
assert len(list(w.secrets.list_acls("sdk"))) == 2
w.secrets.delete_acl("sdk", client_id)
w.secrets.delete_secret("sdk", "text")
assert [s.name for s in w.secrets.list_scopes()] == ["sdk"]
w.secrets.delete_scope("sdk")

# Warehouses.
warehouses = list(w.warehouses.list())
assert warehouses[0].state == sql.State.RUNNING, warehouses
wid = warehouses[0].id
assert w.warehouses.get(wid).name == warehouses[0].name
assert w.warehouses.stop(wid).result(timeout=datetime.timedelta(seconds=30)).state == sql.State.STOPPED
assert w.warehouses.start(wid).result(timeout=datetime.timedelta(seconds=30)).state == sql.State.RUNNING
made = w.warehouses.create_and_wait(name="sdk", cluster_size="2X-Small", max_num_clusters=1, auto_stop_mins=10)
assert made.state == sql.State.RUNNING and made.creator_name == "ann@example.com", made
w.warehouses.edit_and_wait(made.id, name="sdk2", cluster_size="Small", max_num_clusters=1, auto_stop_mins=0)
assert w.warehouses.get(made.id).cluster_size == "Small"
w.warehouses.delete(made.id)
try:
    w.warehouses.get(made.id)
    raise AssertionError("a deleted warehouse is still there")
except NotFound:
    pass

# Statements: typed parameters, manifest, chunks.
run = lambda statement, **more: w.statement_execution.execute_statement(
    statement=statement, warehouse_id=wid, wait_timeout="50s", **more
)
answer = run(
    "SELECT :n + 1 AS n, :s AS s, :d AS d, CAST(1.5 AS DECIMAL(5,2)) AS m",
    parameters=[
        sql.StatementParameterListItem(name="n", value="41", type="INT"),
        sql.StatementParameterListItem(name="s", value="it's"),
        sql.StatementParameterListItem(name="d", value="2024-02-29", type="DATE"),
    ],
)
assert answer.status.state == sql.StatementState.SUCCEEDED, answer
assert answer.result.data_array == [["42", "it's", "2024-02-29", "1.50"]], answer.result
types = [c.type_name for c in answer.manifest.schema.columns]
assert types == [
    sql.ColumnInfoTypeName.INT, sql.ColumnInfoTypeName.STRING, sql.ColumnInfoTypeName.DATE, sql.ColumnInfoTypeName.DECIMAL,
], types

answer = run("SELECT id FROM range(25000)")
rows, chunk = [], answer.result
while True:
    rows += chunk.data_array
    if chunk.next_chunk_index is None:
        break
    chunk = w.statement_execution.get_statement_result_chunk_n(answer.statement_id, chunk.next_chunk_index)
assert len(rows) == 25000 == answer.manifest.total_row_count and rows[-1] == ["24999"]

answer = run("SELECT id FROM range(100)", row_limit=3, catalog="samples", schema="nyctaxi")
assert answer.manifest.truncated and len(answer.result.data_array) == 3

answer = run("SELECT id FROM range(5)", disposition=sql.Disposition.EXTERNAL_LINKS)
with urllib.request.urlopen(answer.result.external_links[0].external_link) as response:
    assert json.load(response) == [[str(i)] for i in range(5)]

answer = run("SELECT nosuch FROM samples.nyctaxi.trips")
assert answer.status.state == sql.StatementState.FAILED
assert answer.status.error.error_code == sql.ServiceErrorCode.BAD_REQUEST, answer.status
assert "[UNRESOLVED_COLUMN.WITH_SUGGESTION]" in answer.status.error.message

# Cancel.
endless = "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1"
answer = w.statement_execution.execute_statement(statement=endless, warehouse_id=wid, wait_timeout="0s")
assert answer.status.state == sql.StatementState.PENDING
w.statement_execution.cancel_execution(answer.statement_id)
for _ in range(1000):
    state = w.statement_execution.get_statement(answer.statement_id).status.state
    if state not in (sql.StatementState.PENDING, sql.StatementState.RUNNING):
        break
assert state == sql.StatementState.CANCELED, state
answer = run("SELECT 1")
assert answer.result.data_array == [["1"]]
history = w.query_history.list(max_results=2)
assert history.res[0].query_text == "SELECT 1" and history.has_next_page, history
second = w.query_history.list(max_results=2, page_token=history.next_page_token)
assert second.res[0].query_id not in {q.query_id for q in history.res}, second
only = sql.QueryFilter(statuses=[sql.QueryStatus.CANCELED], warehouse_ids=[wid])
assert {q.status for q in w.query_history.list(filter_by=only).res} == {sql.QueryStatus.CANCELED}

# Unity Catalog.
assert {c.name for c in w.catalogs.list()} == {"main", "samples"}
assert w.metastores.current().default_catalog_name == "main"
assert w.metastores.summary().metastore_id == w.metastores.current().metastore_id
w.catalogs.create(name="sdk", comment="made by the SDK")
w.schemas.create(name="raw", catalog_name="sdk")
run("CREATE TABLE sdk.raw.t (id BIGINT NOT NULL, tags ARRAY<STRING>) COMMENT 'things'")
assert [s.name for s in w.schemas.list(catalog_name="sdk")] == ["default", "raw"]
assert [t.full_name for t in w.tables.list(catalog_name="sdk", schema_name="raw")] == ["sdk.raw.t"]
table = w.tables.get("sdk.raw.t")
assert [(c.name, c.type_text, c.nullable) for c in table.columns] == [("id", "bigint", False), ("tags", "array<string>", True)]
assert table.comment == "things" and table.owner == "ann@example.com"
assert w.tables.exists("sdk.raw.t").table_exists and not w.tables.exists("sdk.raw.u").table_exists
found = [t.full_name for t in w.tables.list_summaries(catalog_name="samples", table_name_pattern="tr%")]
assert found == ["samples.nyctaxi.trips"], found
trips = w.tables.get("samples.nyctaxi.trips")
assert trips.columns[0].name == "tpep_pickup_datetime" and trips.columns[0].type_text == "timestamp"
w.tables.delete("sdk.raw.t")
w.catalogs.delete("sdk", force=True)

# Workspace objects.

home = f"/Users/{me.user_name}"
w.workspace.mkdirs(f"{home}/sdk/a b")
w.workspace.upload(f"{home}/sdk/one.py", b"# Databricks notebook source\nprint(1)\n", format=workspace.ImportFormat.AUTO)
w.workspace.upload(f"{home}/sdk/two", b"SELECT 1", format=workspace.ImportFormat.SOURCE, language=workspace.Language.SQL)
w.workspace.upload(f"{home}/sdk/a b/100%+#?é.txt", b"odd", format=workspace.ImportFormat.AUTO)
w.workspace.upload(f"{home}/sdk/two", b"SELECT 2", format=workspace.ImportFormat.SOURCE, language=workspace.Language.SQL, overwrite=True)
found = {o.path: (o.object_type.value, o.language and o.language.value) for o in w.workspace.list(f"{home}/sdk", recursive=True)}
assert found == {
    f"{home}/sdk/one": ("NOTEBOOK", "PYTHON"), f"{home}/sdk/two": ("NOTEBOOK", "SQL"),
    f"{home}/sdk/a b/100%+#?é.txt": ("FILE", None),
}, found
assert w.workspace.download(f"/Workspace{home}/sdk/two").read() == b"SELECT 2"
assert w.workspace.download(f"{home}/sdk/a b/100%+#?é.txt").read() == b"odd"
exported = w.workspace.export(f"{home}/sdk/one", format=workspace.ExportFormat.SOURCE)
assert base64.b64decode(exported.content) == b"# Databricks notebook source\nprint(1)\n", exported
assert w.workspace.get_status(f"{home}/sdk").object_type == workspace.ObjectType.DIRECTORY
w.workspace.import_(f"{home}/sdk/three", content=base64.b64encode(b"x").decode(), language=workspace.Language.R, format=workspace.ImportFormat.SOURCE)
w.workspace.delete(f"{home}/sdk", recursive=True)

# Volumes and their files; a large file goes through the SDK's own attempt at parts.
made = w.volumes.create(catalog_name="main", schema_name="default", name="sdk", volume_type=catalog.VolumeType.MANAGED)
assert made.full_name == "main.default.sdk" and made.owner == me.user_name, made
assert [v.name for v in w.volumes.list("main", "default")] == ["sdk"]
assert w.volumes.update("main.default.sdk", comment="c").comment == "c"
assert w.volumes.read("main.default.sdk").comment == "c"
root = "/Volumes/main/default/sdk"
w.files.create_directory(f"{root}/in/side")
w.files.upload(f"{root}/in/a b%+#?é.txt", io.BytesIO(b"odd"))
assert w.files.download(f"{root}/in/a b%+#?é.txt").contents.read() == b"odd"
large = os.urandom(1 << 20) * 60
w.files.upload(f"{root}/large.bin", io.BytesIO(large), overwrite=True)
assert w.files.get_metadata(f"{root}/large.bin").content_length == len(large)
assert w.files.download(f"{root}/large.bin").contents.read() == large
listed = {e.name: e.is_directory for e in w.files.list_directory_contents(f"{root}/in", page_size=1)}
assert listed == {"a b%+#?é.txt": False, "side": True}, listed
w.files.get_directory_metadata(f"{root}/in")
w.files.delete(f"{root}/large.bin")
w.files.upload(f"{root}/csv/a.csv", io.BytesIO(b"id,name\n1,a\n2,b\n"))
answer = run(f"SELECT * FROM read_files('{root}/csv', format => 'csv') ORDER BY id")
assert answer.result.data_array == [["1", "a", None], ["2", "b", None]], answer
types = [(c.name, c.type_name) for c in answer.manifest.schema.columns]
assert types[0] == ("id", sql.ColumnInfoTypeName.LONG) and types[2][0] == "_rescued_data", types
run("CREATE TABLE main.default.sdk_copied (id BIGINT, name STRING)")
copy = f"COPY INTO main.default.sdk_copied FROM '{root}/csv' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')"
assert run(copy).result.data_array == [["2", "2", "0"]]
assert run(copy).result.data_array == [["0", "0", "0"]]
run("DROP TABLE main.default.sdk_copied")
w.files.delete_directory(f"{root}/in/side")

# Unity Catalog beyond volumes: every list by its paginator, grants, tags, objects in no catalog.
w.catalogs.create("sdk_cat", comment="c")
w.schemas.create("s", "sdk_cat")
run("CREATE TABLE sdk_cat.s.t (id BIGINT)")
run("CREATE FUNCTION sdk_cat.s.f(x BIGINT) RETURNS BIGINT RETURN x + 1")
assert "sdk_cat" in [c.name for c in w.catalogs.list(max_results=1)]
assert [s.name for s in w.schemas.list("sdk_cat", max_results=1)] == ["default", "s"]
assert w.schemas.update("sdk_cat.s", comment="d").comment == "d"
assert [t.full_name for t in w.tables.list("sdk_cat", "s", max_results=1)] == ["sdk_cat.s.t"]
assert [t.full_name for t in w.tables.list_summaries("sdk_cat")] == ["sdk_cat.s.t"]
w.tables.update("sdk_cat.s.t", owner="bob@example.com")
assert w.tables.get("sdk_cat.s.t").owner == "bob@example.com" and w.tables.exists("sdk_cat.s.t").table_exists
assert [f.name for f in w.functions.list("sdk_cat", "s")] == ["f"] and w.functions.get("sdk_cat.s.f").name == "f"
w.functions.update("sdk_cat.s.f", owner="bob@example.com")
w.functions.delete("sdk_cat.s.f")
given = catalog.PermissionsChange(principal="bob@example.com", add=[catalog.Privilege.SELECT, catalog.Privilege.USE_SCHEMA])
w.grants.update("schema", "sdk_cat.s", changes=[given])
held = w.grants.get_effective("table", "sdk_cat.s.t").privilege_assignments[0].privileges[0]
assert (held.privilege, held.inherited_from_name) == (catalog.Privilege.SELECT, "sdk_cat.s"), held
tag = catalog.EntityTagAssignment(entity_type="columns", entity_name="sdk_cat.s.t.id", tag_key="k", tag_value="v")
w.entity_tag_assignments.create(tag)
assert [t.tag_value for t in w.entity_tag_assignments.list("columns", "sdk_cat.s.t.id")] == ["v"]
w.entity_tag_assignments.delete("columns", "sdk_cat.s.t.id", "k")
role = catalog.AwsIamRoleRequest(role_arn="arn:aws:iam::1:role/x")
w.storage_credentials.create("sdk_cred", aws_iam_role=role)
w.external_locations.create("sdk_loc", "s3://bucket/x", "sdk_cred")
assert [c.name for c in w.storage_credentials.list()] == ["sdk_cred"]
assert [x.url for x in w.external_locations.list()] == ["s3://bucket/x"]
assert w.external_locations.update("sdk_loc", read_only=True).read_only
w.external_locations.delete("sdk_loc")
w.storage_credentials.delete("sdk_cred")
made = w.connections.create("sdk_pg", catalog.ConnectionType.POSTGRESQL, {"host": "h", "password": "p"})
assert made.options == {"host": "h"} and [c.name for c in w.connections.list()] == ["sdk_pg"], made
w.connections.delete("sdk_pg")
w.shares.create("sdk_share")
w.shares.update(
    "sdk_share",
    updates=[
        sharing.SharedDataObjectUpdate(
            action=sharing.SharedDataObjectUpdateAction.ADD,
            data_object=sharing.SharedDataObject(
                name="sdk_cat.s.t", data_object_type=sharing.SharedDataObjectDataObjectType.TABLE
            ),
        )
    ],
)
assert w.shares.get("sdk_share", include_shared_data=True).objects[0].name == "sdk_cat.s.t"
w.recipients.create("sdk_them", sharing.AuthenticationType.TOKEN)
assert [r.name for r in w.recipients.list()] == ["sdk_them"] and not list(w.providers.list())
w.recipients.rotate_token("sdk_them", 0)
w.recipients.delete("sdk_them")
w.shares.delete("sdk_share")
w.quality_monitors.create("sdk_cat.s.t", "sdk_cat.s", "/x", snapshot=catalog.MonitorSnapshot())
assert w.quality_monitors.run_refresh("sdk_cat.s.t").state == catalog.MonitorRefreshInfoState.SUCCESS
w.quality_monitors.delete("sdk_cat.s.t")
w.catalogs.delete("sdk_cat", force=True)

# DBFS, by the SDK's own file and by single calls.
with w.dbfs.open("/tmp/sdk/big.bin", write=True, overwrite=True) as f:
    f.write(large[: 3 << 20])
with w.dbfs.open("/tmp/sdk/big.bin", read=True) as f:
    assert f.read() == large[: 3 << 20]
w.dbfs.put("/tmp/sdk/small.txt", contents=base64.b64encode(b"small").decode(), overwrite=True)
assert base64.b64decode(w.dbfs.read("/tmp/sdk/small.txt", length=2, offset=1).data) == b"ma"
assert sorted(f.path for f in w.dbfs.list("/tmp/sdk")) == ["/tmp/sdk/big.bin", "/tmp/sdk/small.txt"]
assert w.dbfs.get_status("/tmp/sdk/small.txt").file_size == 5
w.dbfs.mkdirs("/tmp/sdk/sub")
w.dbfs.move("/tmp/sdk/small.txt", "/tmp/sdk/sub/moved.txt")
assert w.dbfs.exists("/tmp/sdk/sub/moved.txt") and not w.dbfs.exists("/tmp/sdk/small.txt")
w.dbfs.delete("/tmp/sdk", recursive=True)
# Jobs: saved queries as tasks, waiters, paginators, repair.
soon = datetime.timedelta(seconds=60)


def saved(text):
    return w.queries.create(query=sql.CreateQueryRequestQuery(display_name="q", warehouse_id=wid, query_text=text)).id


def sql_task(key, text, **more):
    query = jobs.SqlTaskQuery(query_id=saved(text))
    return jobs.Task(task_key=key, sql_task=jobs.SqlTask(warehouse_id=wid, query=query), **more)


assert w.queries.get(saved("SELECT 7")).query_text == "SELECT 7"
condition = jobs.ConditionTask(op=jobs.ConditionTaskOp.EQUAL_TO, left="{{tasks.load.output.first_row.n}}", right="1")
created = w.jobs.create(
    name="from the SDK",
    parameters=[jobs.JobParameterDefinition(name="day", default="1")],
    tasks=[
        sql_task("load", "SELECT 1 AS n"),
        jobs.Task(task_key="check", condition_task=condition, depends_on=[jobs.TaskDependency("load")]),
        sql_task("report", "SELECT :day", depends_on=[jobs.TaskDependency("check", outcome="true")]),
        sql_task("never", "SELECT 0", depends_on=[jobs.TaskDependency("check", outcome="false")]),
    ],
)
job = w.jobs.get(created.job_id)
assert job.settings.name == "from the SDK" and job.settings.format == jobs.Format.MULTI_TASK, job
assert [j.job_id for j in w.jobs.list(name="From the SDK")] == [created.job_id]
assert len(next(iter(w.jobs.list(expand_tasks=True))).settings.tasks) == 4
ran = w.jobs.run_now_and_wait(created.job_id, job_parameters={"day": "2"}, timeout=soon)
assert ran.state.result_state == jobs.RunResultState.SUCCESS, ran
assert ran.status.state == jobs.RunLifecycleStateV2State.TERMINATED
assert ran.status.termination_details.code == jobs.TerminationCodeCode.SUCCESS
ends = {task.task_key: task.state.result_state for task in ran.tasks}
assert ends["report"] == jobs.RunResultState.SUCCESS and ends["never"] == jobs.RunResultState.EXCLUDED, ends
output = w.jobs.get_run_output(next(task.run_id for task in ran.tasks if task.task_key == "report"))
lookup = output.sql_output.query_output.sql_statements[0].lookup_key
assert w.statement_execution.get_statement(lookup).result.data_array == [["2"]]
for n in range(3):
    w.jobs.create(name=f"page {n}")
assert len([j for j in w.jobs.list(limit=2)]) == 4
wide = w.jobs.create(name="wide", tasks=[sql_task(f"t{n}", "SELECT 1") for n in range(3)])
w.jobs.update(wide.job_id, new_settings=jobs.JobSettings(name="wider"), fields_to_remove=["tasks/t0"])
assert [t.task_key for t in w.jobs.get(wide.job_id).settings.tasks] == ["t1", "t2"]
w.jobs.reset(wide.job_id, jobs.JobSettings(name="empty"))
assert not w.jobs.get(wide.job_id).settings.tasks
w.jobs.delete(wide.job_id)
failing = jobs.SubmitTask(task_key="a", sql_task=sql_task("a", "SELECT * FROM main.default.nosuch").sql_task)
try:
    w.jobs.submit_and_wait(run_name="once", tasks=[failing], timeout=soon)
    raise AssertionError("a failed run is no success")
except OperationFailed:
    pass
once = next(w.jobs.list_runs(run_type=jobs.RunType.SUBMIT_RUN, expand_tasks=True))
assert once.run_name == "once" and once.state.life_cycle_state == jobs.RunLifeCycleState.INTERNAL_ERROR, once
assert "[TABLE_OR_VIEW_NOT_FOUND]" in w.jobs.get_run_output(once.tasks[0].run_id).error
run("CREATE TABLE main.default.nosuch (i INT)")
repaired = w.jobs.repair_run_and_wait(once.run_id, rerun_all_failed_tasks=True, timeout=soon)
assert repaired.state.result_state == jobs.RunResultState.SUCCESS and len(repaired.repair_history) == 2, repaired
run("DROP TABLE main.default.nosuch")
slow = w.jobs.submit(tasks=[jobs.SubmitTask(task_key="a", sql_task=sql_task("a", endless).sql_task)])
assert [r.run_id for r in w.jobs.list_runs(active_only=True)] == [slow.run_id]
canceled = w.jobs.cancel_run_and_wait(slow.run_id, timeout=soon)
assert canceled.state.result_state == jobs.RunResultState.CANCELED, canceled
w.jobs.delete_run(once.run_id)
w.jobs.delete(created.job_id)

# Pipelines.
w.workspace.upload(
    f"{home}/sdk.sql", io.BytesIO(b"CREATE OR REFRESH MATERIALIZED VIEW numbers AS SELECT id FROM range(3)"),
    format=workspace.ImportFormat.AUTO,
)
libraries = [pipelines.PipelineLibrary(file=pipelines.FileLibrary(path=f"{home}/sdk.sql"))]
made = w.pipelines.create(name="sdk", catalog="main", schema="sdk", serverless=True, libraries=libraries)
pid = made.pipeline_id
pipeline = w.pipelines.get(pid)
assert pipeline.state == pipelines.PipelineState.IDLE and pipeline.spec.libraries[0].file.path == f"{home}/sdk.sql", pipeline
w.pipelines.update(pid, name="sdk 2", catalog="main", schema="sdk", libraries=libraries, tags={"team": "x"})
assert [p.name for p in w.pipelines.list_pipelines(filter="name LIKE 'sdk%'")] == ["sdk 2"]
for n in range(3):
    w.pipelines.create(name=f"page {n}", catalog="main")
assert len(list(w.pipelines.list_pipelines(max_results=2))) == 4
assert w.pipelines.wait_get_pipeline_idle(pid, timeout=soon).pipeline_id == pid


def updated(**more):
    update = w.pipelines.start_update(pid, **more).update_id
    w.pipelines.wait_get_pipeline_idle(pid, timeout=soon)
    return w.pipelines.get_update(pid, update).update


assert updated(validate_only=True).state == pipelines.UpdateInfoState.COMPLETED
done = updated(full_refresh=True)
assert done.state == pipelines.UpdateInfoState.COMPLETED and done.cause == pipelines.UpdateInfoCause.API_CALL, done
assert run("SELECT count(*) FROM main.sdk.numbers").result.data_array == [["3"]]
assert [u.update_id for u in w.pipelines.list_updates(pid).updates][0] == done.update_id
events = list(w.pipelines.list_pipeline_events(pid, filter=f"update_id='{done.update_id}'", max_results=5))
assert events[0].event_type == "update_progress" and events[0].level == pipelines.EventLevel.INFO, events[0]
assert any(e.origin.flow_name == "main.sdk.numbers" and "COMPLETED" in e.message for e in events), events
w.workspace.upload(
    f"{home}/sdk.sql", io.BytesIO(b"CREATE MATERIALIZED VIEW numbers AS SELECT nosuch FROM range(1)"),
    format=workspace.ImportFormat.AUTO, overwrite=True,
)
assert updated().state == pipelines.UpdateInfoState.FAILED
failed = next(iter(w.pipelines.list_pipeline_events(pid, filter="level='ERROR'")))
assert "UNRESOLVED_COLUMN" in failed.error.exceptions[0].message, failed
w.workspace.upload(
    f"{home}/sdk.sql", io.BytesIO(f"CREATE MATERIALIZED VIEW numbers AS {endless}".replace("count(*)", "count(*) AS n").encode()),
    format=workspace.ImportFormat.AUTO, overwrite=True,
)
slow = w.pipelines.start_update(pid).update_id
assert w.pipelines.stop(pid).result(timeout=soon).state == pipelines.PipelineState.IDLE
assert w.pipelines.get_update(pid, slow).update.state == pipelines.UpdateInfoState.CANCELED
task = jobs.SubmitTask(task_key="p", pipeline_task=jobs.PipelineTask(pipeline_id=w.pipelines.create(name="empty", catalog="main").pipeline_id))
try:
    w.jobs.submit_and_wait(tasks=[task], timeout=soon)
    raise AssertionError("a failed update is no success")
except OperationFailed:
    pass
w.pipelines.delete(pid)

# Clusters and commands.
half_minute = datetime.timedelta(seconds=30)
cluster = w.clusters.create_and_wait(
    cluster_name="sdk", spark_version=w.clusters.select_spark_version(long_term_support=True),
    node_type_id=w.clusters.select_node_type(local_disk=False), num_workers=1, autotermination_minutes=10, timeout=half_minute,
)
cid = cluster.cluster_id
assert cluster.state == compute.State.RUNNING and cluster.cluster_source == compute.ClusterSource.API, cluster
assert "sdk" in [c.cluster_name for c in w.clusters.list(page_size=1)]
running = w.clusters.list(filter_by=compute.ListClustersFilterBy(cluster_states=[compute.State.RUNNING]))
assert {c.state for c in running} == {compute.State.RUNNING}
assert w.clusters.resize(cid, num_workers=2).result(timeout=half_minute).num_workers == 2
w.clusters.edit_and_wait(
    cluster_id=cid, cluster_name="sdk2", spark_version=cluster.spark_version, node_type_id=cluster.node_type_id,
    num_workers=1, timeout=half_minute,
)
assert w.clusters.get(cid).cluster_name == "sdk2"
assert [e.type for e in w.clusters.events(cid, limit=2)][-1] == compute.EventType.CREATING
w.clusters.pin(cid)
assert w.clusters.ensure_cluster_is_running(cid) is None
context = w.command_execution.create_and_wait(cluster_id=cid, language=compute.Language.PYTHON, timeout=half_minute)
assert context.status == compute.ContextStatus.RUNNING, context
def command(text, language=compute.Language.PYTHON):
    return w.command_execution.execute_and_wait(
        cluster_id=cid, context_id=context.id, language=language, command=text, timeout=half_minute
    ).results
assert command("x = 41").result_type == compute.ResultType.TEXT
assert command("x + 1").data == "42"
assert command("1 / 0").summary == "ZeroDivisionError: division by zero"
assert command("SELECT 1 AS a", compute.Language.SQL).data == [[1]]
endless = w.command_execution.execute(
    cluster_id=cid, context_id=context.id, language=compute.Language.PYTHON, command="import time\ntime.sleep(600)"
)
ended = w.command_execution.cancel_and_wait(
    cluster_id=cid, context_id=context.id, command_id=endless.command_id, timeout=half_minute
)
assert ended.status == compute.CommandStatus.CANCELLED, ended
w.command_execution.destroy(cid, context.id)
assert w.clusters.delete_and_wait(cid, timeout=half_minute).state == compute.State.TERMINATED
assert w.clusters.start_and_wait(cid, timeout=half_minute).state == compute.State.RUNNING
w.clusters.permanent_delete(cid)

# Errors have the SDK's classes.
for call, kind in [
    (lambda: w.catalogs.get("nosuch"), NotFound),
    (lambda: w.clusters.get("nosuch"), NotFound),
    (lambda: w.statement_execution.get_statement("nosuch"), NotFound),
    (lambda: run("SELECT 1", row_limit=-1), BadRequest),
    (lambda: w.workspace.get_status(f"{home}/nosuch"), ResourceDoesNotExist),
    (lambda: w.workspace.delete("/Users", recursive=True), BadRequest),
    (lambda: list(w.workspace.list("/Users/bob@example.com")), PermissionDenied),
    (lambda: w.workspace.upload(f"{home}/x/y.txt", b"", format=workspace.ImportFormat.AUTO), NotFound),
    (lambda: w.files.download(f"{root}/nosuch"), NotFound),
    (lambda: w.files.upload(f"{root}/in/a b%+#?é.txt", io.BytesIO(b""), overwrite=False), ResourceConflict),
    (lambda: w.files.delete_directory(f"{root}/in"), BadRequest),
    (lambda: w.volumes.read("main.default.nosuch"), NotFound),
    (lambda: w.dbfs.get_status("/tmp/nosuch"), ResourceDoesNotExist),
    (lambda: w.dbfs.read("/tmp"), InvalidParameterValue),
    (lambda: w.secrets.delete_scope("nosuch"), ResourceDoesNotExist),
    (lambda: w.secrets.create_scope("a b"), InvalidParameterValue),
    (lambda: w.users.get("1"), NotFound),
    (lambda: list(w.serving_endpoints.list()), NotFound),
    (lambda: w.jobs.get(12), NotFound),
    (lambda: w.pipelines.get("nosuch"), ResourceDoesNotExist),
    (lambda: w.pipelines.create(name="page 0"), ResourceConflict),
    (lambda: w.jobs.get_run(12), NotFound),
    (lambda: w.jobs.create(name="x", tasks=[jobs.Task(task_key="a"), jobs.Task(task_key="a")]), BadRequest),
    (lambda: WorkspaceClient(host=host, token="wrong", auth_type="pat").current_user.me(), PermissionDenied),
]:
    try:
        call()
        raise AssertionError(f"{kind.__name__} was expected")
    except DatabricksError as e:
        assert isinstance(e, kind), (type(e), e)

print("the SDK is content", sys.version.split()[0])
