/** What the panel reads of a bundle's own files: targets and tasks as they are written, before variables are filled in. */
import { parse } from "yaml";
import { asRecord } from "@/shared/lib/record";
import type { TaskNode } from "@/shared/ui/TaskGraph";

interface Target {
  readonly name: string;
  readonly isProduction: boolean;
  readonly isDefault: boolean;
}

export interface Job {
  /** Its key among the bundle's jobs. */
  readonly key: string;
  readonly name: string;
  readonly tasks: readonly TaskNode[];
  readonly file: string;
}

export interface Config {
  /** `null`: none is written, or it is a variable. */
  readonly name: string | null;
  readonly targets: readonly Target[];
  readonly jobs: readonly Job[];
  /** Files that are no YAML, with what is wrong. */
  readonly broken: readonly { readonly file: string; readonly message: string }[];
}

/** References back to what was written before, as YAML has them; more make a small file a large value. */
const MAX_ALIASES = 100;

/** `texts`: by their paths from the bundle's folder; `root`: which of them begins the bundle. */
export function readConfig(texts: ReadonlyMap<string, string>, root: string): Config {
  const broken: { file: string; message: string }[] = [];
  const read = (file: string): Readonly<Record<string, unknown>> => {
    try {
      return asRecord(parse(texts.get(file) ?? "", { maxAliasCount: MAX_ALIASES, logLevel: "error", uniqueKeys: false }));
    } catch (error) {
      broken.push({ file, message: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) });
      return {};
    }
  };
  const main = read(root);
  const included = includedFiles(
    main["include"],
    [...texts.keys()].filter((file) => file !== root),
  );
  const parts = [{ file: root, value: main }, ...included.map((file) => ({ file, value: read(file) }))];
  const jobs = parts.flatMap(({ file, value }) =>
    Object.entries(asRecord(asRecord(value["resources"])["jobs"])).map(([key, job]) => jobOf(key, asRecord(job), file)),
  );
  return { name: nameIn(main["bundle"]), targets: targetsOf(main["targets"]), jobs, broken };
}

function nameIn(value: unknown): string | null {
  const { name } = asRecord(value);
  return typeof name === "string" && name !== "" && !name.includes("${") ? name : null;
}

function targetsOf(value: unknown): Target[] {
  const entries = Object.entries(asRecord(value)).map(([name, entry]) => ({ name, entry: asRecord(entry) }));
  return entries.map(({ name, entry }) => ({
    name,
    isProduction: entry["mode"] === "production",
    isDefault: entry["default"] === true || entries.length === 1,
  }));
}

/** Patterns as the format has them: `*` stays within one folder, and so does `**`. */
function includedFiles(patterns: unknown, files: readonly string[]): string[] {
  if (!Array.isArray(patterns)) return [];
  const tests = patterns
    .filter((pattern) => typeof pattern === "string")
    .map(
      (pattern) =>
        new RegExp(
          `^${pattern
            .replace(/^\.\//, "")
            .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
            .replaceAll(/\*+/g, "[^/]*")
            .replaceAll("?", "[^/]")}$`,
        ),
    );
  return files.filter((file) => tests.some((test) => test.test(file)));
}

function jobOf(key: string, job: Readonly<Record<string, unknown>>, file: string): Job {
  const tasks = Array.isArray(job["tasks"]) ? job["tasks"].map((task: unknown) => taskOf(asRecord(task))) : [];
  return { key, name: typeof job["name"] === "string" ? job["name"] : key, tasks, file };
}

function taskOf(task: Readonly<Record<string, unknown>>): TaskNode {
  const before = Array.isArray(task["depends_on"]) ? task["depends_on"].map((entry: unknown) => asRecord(entry)["task_key"]) : [];
  return {
    key: typeof task["task_key"] === "string" ? task["task_key"] : "without a key",
    dependsOn: before.filter((entry) => typeof entry === "string"),
    note: noteOf(task),
    tone: "plain",
    link: null,
  };
}

/** What a task does it with, by its kind: the last part of a path, a key, a condition. */
const subjects: readonly (readonly [kind: string, word: string, subject: (value: Readonly<Record<string, unknown>>) => unknown])[] = [
  ["notebook_task", "notebook", (value) => lastPart(value["notebook_path"])],
  ["spark_python_task", "Python", (value) => lastPart(value["python_file"])],
  ["python_wheel_task", "wheel", (value) => value["package_name"]],
  ["sql_task", "SQL", (value) => lastPart(asRecord(value["file"])["path"])],
  ["pipeline_task", "pipeline", (value) => value["pipeline_id"]],
  ["run_job_task", "job", (value) => value["job_id"]],
  ["dbt_task", "dbt", () => null],
  ["spark_jar_task", "JAR", (value) => value["main_class_name"]],
  ["condition_task", "if", (value) => [value["left"], value["op"], value["right"]].join(" ")],
  ["for_each_task", "for each of", (value) => value["inputs"]],
];

function noteOf(task: Readonly<Record<string, unknown>>): string {
  for (const [kind, word, subject] of subjects) {
    if (task[kind] === undefined) continue;
    const named = subject(asRecord(task[kind]));
    return typeof named === "string" || typeof named === "number" ? `${word} ${named}` : word;
  }
  return (
    Object.keys(task)
      .find((name) => name.endsWith("_task"))
      ?.replaceAll("_", " ") ?? "does nothing"
  );
}

function lastPart(path: unknown): unknown {
  return typeof path === "string" ? path.slice(path.lastIndexOf("/") + 1) : null;
}
