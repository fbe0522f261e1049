import { describe, expect, it } from "vitest";
import type { ProjectFile } from "@/api/types";
import { commands } from "../api/tools";
import { bundlesOf, insidePath } from "./bundles";
import { readConfig } from "./config";
import { changesOf, makeSeen } from "./seen";
import { nameOf } from "./words";

const file = (path: string, modified = "2026-01-01T00:00:00Z", size = 5): ProjectFile => ({
  path,
  name: path.split("/").at(-1) ?? "",
  url_path: path,
  size,
  modified,
});

describe("the bundles of a project", () => {
  it("are the folders with a file that begins one, the one that changed last first", () => {
    const files = [
      file("etl/databricks.yml"),
      file("etl/src/load.py", "2026-03-01T00:00:00Z"),
      file("etl/.databricks/bundle/dev/resources.json"),
      file("etl2/databricks.yaml", "2026-04-01T00:00:00Z"),
      file("notes/databricks.yml.md"),
      file("a/b/databricks.yml"),
    ];
    expect(bundlesOf(files).map(({ folder, name, files: own }) => [folder, name, own.length])).toEqual([
      ["etl2", "etl2", 1],
      ["etl", "etl", 2],
      ["a/b", "b", 1],
    ]);
  });
  it("may be the project's own folder", () => {
    expect(bundlesOf([file("databricks.yml"), file("x.py")])).toMatchObject([{ folder: "", root: "databricks.yml", files: [{}, {}] }]);
    expect([insidePath("", "x.py"), insidePath("etl", "etl/x.py"), insidePath("etl", "etl2/x.py")]).toEqual(["x.py", "x.py", "etl2/x.py"]);
  });
});

describe("a bundle's own files", () => {
  const main = "bundle: {name: etl}\ninclude: [resources/*.yml]\ntargets:\n  dev: {default: true, mode: development}\n  prod: {mode: production}\n";
  const job = `resources:\n  jobs:\n    nightly:\n      name: Nightly\n      tasks:\n        - {task_key: load, notebook_task: {notebook_path: ../src/load.py}}\n        - {task_key: sum, depends_on: [{task_key: load}], sql_task: {file: {path: a/sum.sql}}}\n`;
  it("say targets and tasks, of what is included alone", () => {
    const config = readConfig(
      new Map([
        ["databricks.yml", main],
        ["resources/a.yml", job],
        ["resources/deep/b.yml", job],
        ["other.yml", job],
      ]),
      "databricks.yml",
    );
    expect(config.name).toBe("etl");
    expect(config.targets).toEqual([
      { name: "dev", isProduction: false, isDefault: true },
      { name: "prod", isProduction: true, isDefault: false },
    ]);
    expect(config.jobs.map(({ key, name, file: from }) => [key, name, from])).toEqual([["nightly", "Nightly", "resources/a.yml"]]);
    expect(config.jobs[0]?.tasks.map(({ key, dependsOn, note }) => [key, dependsOn, note])).toEqual([
      ["load", [], "notebook load.py"],
      ["sum", ["load"], "SQL sum.sql"],
    ]);
  });
  it.each(["a: [", "- 1", "", "resources: {jobs: 3}", "resources: {jobs: {a: {tasks: [1, null, {}]}}}", "a: &a [*a, *a]"])(
    "that make no sense are no fault of the page: %j",
    (text) => {
      const config = readConfig(new Map([["databricks.yml", text]]), "databricks.yml");
      expect(config.targets).toEqual([]);
      expect(config.broken.length).toBe(text === "a: [" ? 1 : 0);
    },
  );
});

describe("what changed since it was seen", () => {
  it("is told by the text where it was kept, and by size and time where not", () => {
    const before = [file("a.yml"), file("b.bin"), file("c.py"), file("d.py")];
    const was = makeSeen(
      before,
      new Map([
        ["a.yml", "1"],
        ["c.py", "x"],
      ]),
      "2026-01-01T00:00:00Z",
    );
    const now = [file("a.yml", "2026-02-02T00:00:00Z"), file("b.bin", "2026-02-02T00:00:00Z"), file("c.py"), file("e.py")];
    const changes = changesOf(
      was,
      now,
      new Map([
        ["a.yml", "1"],
        ["c.py", "y"],
      ]),
    );
    expect([...changes]).toEqual([
      ["b.bin", "changed"],
      ["c.py", "changed"],
      ["e.py", "new"],
      ["d.py", "gone"],
    ]);
    expect(changesOf(null, now, new Map()).size).toBe(0);
  });
  it("keeps no more texts than a window may keep", () => {
    const large = "x".repeat(300_000);
    const { files } = makeSeen(
      [file("a"), file("b"), file("c")],
      new Map([
        ["a", large],
        ["b", large],
        ["c", "small"],
      ]),
      "",
    );
    expect(Object.values(files).map(({ text }) => text?.length ?? null)).toEqual([300_000, null, 5]);
  });
});

describe("what is begun", () => {
  const none = { jobs: [], pipelines: [], files: [], folders: [] };
  it.each([
    [{ ...none, jobs: [7] }, '/orchestrate_bundle_creation {"source_type":"job","source_identifier":"7","bundle_name":"n"}'],
    [{ ...none, files: ["/a/b"] }, '/orchestrate_bundle_creation {"source_type":"notebook","source_identifier":"/a/b","bundle_name":"n"}'],
    [{ ...none, folders: ["/a"] }, '/orchestrate_bundle_creation {"source_type":"workspace_path","source_identifier":"/a","bundle_name":"n"}'],
    [{ ...none, pipelines: ["p"] }, '/generate_bundle {"bundle_name":"n","pipeline_ids":["p"]}'],
    [
      { jobs: [7, 8], pipelines: ["p"], files: ["/a/b"], folders: ["/c"] },
      '/generate_bundle {"bundle_name":"n","file_paths":["/a/b","/c"],"job_ids":[7,8],"pipeline_ids":["p"]}',
    ],
  ])("makes a bundle of %j", (picks, command) => expect(commands.make("n", picks)).toEqual({ title: "Make n", message: command }));
  it("deploys, sets back, destroys and runs", () => {
    const which = { folder: "etl", target: "prod" };
    const plan = { plan_id: "7f", deletes: ["jobs.old"], more: 1 };
    expect(commands.deploy(which).message).toBe('/delegate_to_specialist {"task_type":"deployment","task_details":{"bundle_path":"etl","target":"prod"}}');
    expect(commands.deploy({ folder: "", target: null }).message).toBe('/delegate_to_specialist {"task_type":"deployment","task_details":{}}');
    expect(commands.setBack(which, plan).message).toBe(
      '/deploy_bundle {"bundle_path":"etl","target":"prod","plan_id":"7f","deletes":["jobs.old"],"overwrite_drift":true}',
    );
    expect(commands.destroy(which, plan).message).toBe('/destroy_bundle {"bundle_path":"etl","target":"prod","plan_id":"7f","deletes":["jobs.old"]}');
    expect(commands.run(which, "jobs.nightly").message).toBe('/run_bundle {"bundle_path":"etl","target":"prod","key":"jobs.nightly"}');
    expect([commands.deploy(which), commands.setBack(which, plan), commands.destroy(which, plan)].map(({ title }) => title)).toEqual([
      "Deploy etl to prod",
      "Deploy etl to prod",
      "Take etl away from prod",
    ]);
    expect(commands.mend(which).message).toBe('/repair_bundle {"bundle_path":"etl","target":"prod"}');
  });
  it.each([
    ["/Users/me@example.com/etl/Load Orders.py", "load_orders"],
    ["Nightly (prod) 2", "nightly_prod_2"],
    ["/x/2024_load", "load"],
    ["日本", "bundle"],
  ])("names a bundle of %j", (source, name) => expect(nameOf(source)).toBe(name));
});
