"""Writes service.txt: the fields of what bundles describe, out of the dataclasses of the Python package databricks-sdk.

    pip install databricks-sdk && python extract.py > service.txt

Only names, kinds, enumerations and what is required are taken. The package is under the Apache License 2.0. One line is a
type; ../fields.rs has the grammar.
"""

import dataclasses
import enum
import importlib
import inspect
import re
from importlib.metadata import version

# What a resource is made from: a class, or the arguments of the call that creates it.
ROOTS = [
    "sql.AlertV2", "apps.App", "catalog.CatalogsAPI.create", "compute.ClusterSpec", "dashboards.Dashboard",
    "database.DatabaseCatalog", "database.DatabaseInstance", "ml.ExperimentsAPI.create_experiment",
    "catalog.ExternalLocationsAPI.create", "dashboards.GenieAPI.create_space", "compute.InstancePoolsAPI.create",
    "jobs.JobsAPI.run_now", "jobs.JobSettings", "serving.ServingEndpointsAPI.create", "ml.ModelRegistryAPI.create_model",
    "pipelines.PipelinesAPI.create", "catalog.QualityMonitorsAPI.create", "catalog.RegisteredModelsAPI.create",
    "catalog.SchemasAPI.create", "sql.WarehousesAPI.create", "database.SyncedDatabaseTable",
    "vectorsearch.VectorSearchEndpointsAPI.create_endpoint", "vectorsearch.VectorSearchIndexesAPI.create_index",
    "catalog.VolumesAPI.create", "workspace.AzureKeyVaultSecretScopeMetadata",
]
# What the workspace sets: of no use in a bundle.
OUTPUT = {
    "create_time", "creator", "creator_id", "creator_name", "created_at", "created_by", "updated_at", "updated_by",
    "update_time", "updater", "lifecycle_state", "app_status", "compute_status", "active_deployment",
    "pending_deployment", "metastore_id", "browse_only", "owner_user_name", "service_principal_client_id",
    "service_principal_id", "service_principal_name_output", "full_name", "dry_run",
}
PLAIN = {"str": "s", "bool": "b", "int": "i", "float": "f", "Any": "x", "dict": "x", "Duration": "s", "Timestamp": "s",
         "FieldMask": "s"}
numbered = {}
todo = []


def kind(module, text):
    """The kind of an annotation, such as Optional[List[Task]]."""
    if match := re.fullmatch(r"Optional\[(.*)\]", text):
        return kind(module, match[1])
    if match := re.fullmatch(r"(?:List|list)\[(.*)\]", text):
        return f"[{kind(module, match[1])}]"
    if match := re.fullmatch(r"(?:Dict|dict)\[str, ?(.*)\]", text):
        return f"{{{kind(module, match[1])}}}"
    if text in PLAIN:
        return PLAIN[text]
    found = getattr(module, text.rsplit(".", 1)[-1], None)
    if "." in text:
        found = getattr(getattr(module, text.split(".")[0], None), text.rsplit(".", 1)[-1], None)
    if not inspect.isclass(found) or found.__module__.split(".")[-2] != "service":
        return "x"
    service = found.__module__.split(".")[-1]
    full = f"{service}.{found.__name__}"
    if full not in numbered:
        # Only roots are named elsewhere; numbers keep the table, which every call reads, small.
        numbered[full] = full if full in ROOTS else f"{len(numbered)}"
        todo.append((numbered[full], found))
    return numbered[full]


def line(module, fields):
    return " ".join(f"{name}{'!' if required else ''}:{kind(module, text)}" for name, text, required in fields
                    if name not in OUTPUT)


def describe(name, found):
    module = inspect.getmodule(found)
    if issubclass(found, enum.Enum):
        return f"{name} = {' '.join(member.value for member in found)}"
    fields = [(f.name, f.type, f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING)
              for f in dataclasses.fields(found)]
    return f"{name} {line(module, fields)}".rstrip()


def main():
    lines = []
    for root in ROOTS:
        module_name, *path = root.split(".")
        module = importlib.import_module(f"databricks.sdk.service.{module_name}")
        found = getattr(module, path[0])
        if len(path) == 1:
            kind(module, path[0])
            continue
        parameters = list(inspect.signature(getattr(found, path[1])).parameters.values())[1:]
        fields = [(p.name, p.annotation, p.default is inspect.Parameter.empty) for p in parameters]
        lines.append(f"{root} {line(module, fields)}")
    while todo:
        lines.append(describe(*todo.pop()))
    print(f"# Made by extract.py from databricks-sdk {version('databricks-sdk')} (Apache License 2.0); do not edit.")
    print("\n".join(sorted(lines)))


main()
