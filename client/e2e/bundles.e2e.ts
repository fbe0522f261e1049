/** Bundles through the page against the real host and workspace: picked, made, read, mended, planned, deployed, remembered. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, type Step, startModel } from "./support/model";

const load = "# Databricks notebook source\norders = spark.table('samples.nyctaxi.trips')\norders.write.mode('overwrite').saveAsTable('main.default.orders')\n";
const report =
  "# Databricks notebook source\nfrom pyspark.sql import functions as F\n\n# COMMAND ----------\n\ndisplay(spark.table('main.default.orders').groupBy('pickup_zip').agg(F.avg('fare_amount')))\n";
const task = (key: string, path: string, ...after: string[]) => ({
  task_key: key,
  notebook_task: { notebook_path: `/Shared/etl/${path}` },
  depends_on: after.map((task_key) => ({ task_key })),
});
const job = { tasks: [task("load", "load"), task("report", "report", "load"), task("archive", "report", "load"), task("tell", "report", "report", "archive")] };

/** What the model calls, by the word that the message has. */
const scripts: Record<string, readonly Step[]> = {
  prepare: [
    { call: "mcp__databricks__import_notebook", input: { path: "/Shared/etl/load", content: load, language: "PYTHON" } },
    { call: "mcp__databricks__import_notebook", input: { path: "/Shared/etl/report", content: report, language: "PYTHON" } },
    { call: "mcp__databricks__create_job", input: { name: "Nightly orders", settings: JSON.stringify(job) } },
  ],
  break: [
    { call: "Read", input: { file_path: "nightly_orders/resources/nightly_orders.job.yml" } },
    {
      call: "Edit",
      input: {
        file_path: "nightly_orders/resources/nightly_orders.job.yml",
        old_string: "tasks:",
        new_string: "descripton: From orders to a report\n      tasks:",
      },
    },
  ],
};

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];
let project: string;

beforeAll(async () => {
  model = await startModel((message, results) => {
    const word = Object.keys(scripts).find((each) => message.includes(each));
    return results === 0 && word !== undefined ? (scripts[word] ?? []) : [{ say: "That is done." }];
  });
  host = await startHost(model.environment);
  browser = await launch();
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Orders");
  project = page.url();
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

/** Says yes to every question until the turn is over. */
async function allowAll(): Promise<string[]> {
  const asked: string[] = [];
  await page.getByRole("article", { name: /^You asked/ }).waitFor();
  const panel = page.getByRole("group", { name: "Approval needed" });
  const once = panel.getByRole("button", { name: "Run once", exact: true });
  for (let round = 0; round < 200; round += 1) {
    if (await once.isVisible()) {
      const text = await panel.innerText();
      // What is longer than the panel is scrolled to its end, as a person would.
      await panel.evaluate((element) => element.querySelectorAll("*").forEach((part) => part.scrollTo(0, part.scrollHeight)));
      if (await once.isEnabled()) {
        asked.push(text);
        await once.click();
      }
    } else if (await page.getByRole("button", { name: "Send" }).isVisible()) return asked;
    await page.waitForTimeout(100);
  }
  throw new Error("the turn did not end");
}

/** A resource of a plan, as the host tells it. */
const planned = (key: string, action: string, more: object = {}) => ({ key, action, id: null, note: null, changes: [], drift: [], ...more });

const inList = () => page.getByRole("list", { name: "Bundles" }).getByRole("link", { name: /nightly_orders/ });
const tab = (name: string) => page.getByRole("tab", { name: new RegExp(`^${name}`) });

describe("a person who works with bundles", () => {
  it("has none at first", async () => {
    await page.getByRole("link", { name: "Bundles", exact: true }).click();
    await page.getByRole("heading", { name: "No bundles here yet" }).waitFor();
    expect(await lookAt(page, "bundles-none")).toEqual([]);
  });

  it("has a job in the workspace", async () => {
    await page.goto(project);
    await ask(page, "prepare the workspace");
    await allowAll();
    await page.getByText("That is done.").waitFor();
  });

  it("picks the job and makes a bundle of it", async () => {
    await page.goto(`${project}/bundles?new`);
    const tree = page.getByRole("tree");
    await tree.getByRole("treeitem", { name: /Nightly orders/ }).waitFor();
    await tree
      .getByRole("treeitem", { name: /^Shared/ })
      .locator("[data-opens]")
      .click();
    await tree.getByRole("treeitem", { name: /^etl/ }).waitFor();
    await tree.getByRole("treeitem", { name: /Jobs/ }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Space");
    await page.getByText("1 thing picked").waitFor();
    expect(await page.getByRole("textbox", { name: "Name of the bundle" }).inputValue()).toBe("nightly_orders");
    expect(await lookAt(page, "bundles-make")).toEqual([]);
    await page.getByRole("button", { name: "Make bundle" }).click();
    await page.waitForURL(/\/c\//);
    await allowAll();
    await page
      .getByText(/can be deployed/)
      .first()
      .waitFor();
  });

  it("finds it in the list, and reads its files and tasks", async () => {
    await page.getByRole("link", { name: "Bundles", exact: true }).click();
    await inList().waitFor();
    expect(await lookAt(page, "bundles")).toEqual([]);
    await inList().click();
    await page.getByText("Can be deployed", { exact: true }).waitFor();
    await page.getByText(/^Nothing changed since/).waitFor();
    expect(await lookAt(page, "bundle-files")).toEqual([]);
    await tab("Tasks").click();
    const tasks = page.getByRole("list", { name: "Tasks of nightly_orders" }).getByRole("listitem");
    expect(await tasks.allTextContents()).toEqual([
      "loadnotebook load.py",
      "reportnotebook report.pyafter load",
      "archivenotebook report.pyafter load",
      "tellnotebook report.pyafter archive, report",
    ]);
    expect(await lookAt(page, "bundle-tasks")).toEqual([]);
    await tab("History").click();
    await page.getByText("Nothing of this bundle was deployed from this project yet.").waitFor();
    expect(await lookAt(page, "bundle-history-none")).toEqual([]);
  });

  it("takes it along as an archive", async () => {
    const loaded = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download ZIP" }).click();
    expect((await loaded).suggestedFilename()).toBe("nightly_orders.zip");
  });

  it("sees what an edit broke, at its line, and what it changed", async () => {
    const bundle = page.url();
    await page.goto(project);
    await ask(page, "break the bundle");
    await allowAll();
    await page.goto(bundle);
    await page.getByText(/Can(not)? be deployed:/).waitFor();
    await tab("Findings").click();
    await page
      .getByRole("list", { name: "Findings" })
      .getByRole("link", { name: /nightly_orders\.job\.yml, line \d+/ })
      .first()
      .waitFor();
    expect(await lookAt(page, "bundle-findings")).toEqual([]);
    await page
      .getByRole("link", { name: /nightly_orders\.job\.yml, line \d+/ })
      .first()
      .click();
    await page.locator("tr[aria-current=location]").waitFor();
    expect(await lookAt(page, "bundle-finding-at-line")).toEqual([]);
    await page.getByRole("radio", { name: "Changes" }).check({ force: true });
    await page
      .getByRole("group", { name: /^Changes in/ })
      .getByText("added: ")
      .first()
      .waitFor();
    expect(await lookAt(page, "bundle-changes")).toEqual([]);
    await page.getByRole("button", { name: "Compare from now on" }).click();
    await page.getByText(/^Nothing changed since/).waitFor();
  });

  it("has the misspelt word mended", async () => {
    await tab("Findings").click();
    await page.getByRole("button", { name: /^Mend 1 word/ }).click();
    await page.waitForURL(/\/c\//);
    await allowAll();
    await page.goBack();
    await page.getByText("Can be deployed", { exact: true }).waitFor();
  });

  it("plans the deploy, and deploys it by saying yes to the question with the plan", async () => {
    await tab("Plan").click();
    await page.getByRole("region", { name: "Created" }).getByText("jobs.nightly_orders").waitFor();
    expect(await lookAt(page, "bundle-plan")).toEqual([]);
    await page.getByRole("button", { name: "Deploy to dev" }).click();
    await page.waitForURL(/\/c\//);
    const [asked] = await allowAll();
    expect(asked).toContain("jobs.nightly_orders");
    expect(await lookAt(page, "bundle-deployed")).toEqual([]);
    await page.goBack();
    await page.getByText("There is nothing to do: the workspace is as the bundle says.").waitFor();
  });

  it("finds what is in the workspace, and when it was deployed", async () => {
    await tab("Resources").click();
    await page.getByRole("list", { name: "Resources" }).getByText("deployed").waitFor();
    expect(await lookAt(page, "bundle-resources")).toEqual([]);
    await tab("History").click();
    const history = page.getByRole("list", { name: "History" });
    await history.getByText("Deployed to dev").waitFor();
    await history.getByRole("button", { name: /1 resource/ }).click();
    await history.getByText("Created: jobs.nightly_orders").waitFor();
    expect(await lookAt(page, "bundle-history")).toEqual([]);
    await page.getByRole("link", { name: "All bundles" }).click();
    await page.getByText("dev: deployed").waitFor();
    expect(await lookAt(page, "bundles-deployed")).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("is told what a plan to take it away deletes, and what a production target is", async () => {
    await inList().click();
    await tab("Plan").click();
    await page.getByRole("radio", { name: "Take everything away" }).check({ force: true });
    await page.getByRole("region", { name: "Deleted" }).getByText("jobs.nightly_orders").waitFor();
    expect(await lookAt(page, "bundle-plan-destroy")).toEqual([]);
    await page.getByRole("combobox", { name: "Target" }).selectOption("prod");
    await page.getByText("This target is in production mode").waitFor();
    expect(await lookAt(page, "bundle-plan-production")).toEqual([]);
  });

  it("is told what to do when the workspace refuses", async () => {
    const failure = { kind: "unauthenticated", message: "the workspace at https://adb-1.example refused the token: it expired", remedy: null };
    await page.route("**/tools/*/call", (route) => route.fulfill({ json: { content: "", structured: null, failure } }));
    await page.reload();
    await page.getByText("The bundle could not be checked: the workspace refused the credential").waitFor();
    await page.getByText("Not known, for the reason above.").waitFor();
    expect(await lookAt(page, "bundle-refused")).toEqual([]);
    await page.getByRole("link", { name: "All bundles" }).click();
    await page.getByRole("link", { name: "Make a bundle" }).click();
    await page
      .getByRole("treeitem", { name: /The workspace refused the credential/ })
      .first()
      .waitFor();
    expect(await lookAt(page, "bundles-make-refused")).toEqual([]);
    await page.unroute("**/tools/*/call");
  });

  it("reads a long plan, with what others changed and what keeps it from being carried out", async () => {
    const fields = Array.from({ length: 14 }, (_, at) => `tasks[${at}].notebook_task.notebook_path`);
    const structured = {
      plan_id: "7f",
      ok: false,
      destroy: false,
      target: "prod",
      root_path: `/Workspace/Shared/${"a-long-name-of-a-folder/".repeat(6)}prod`,
      serial: 12,
      resources: [
        planned("schemas.raw", "delete", { note: "it left the bundle" }),
        planned("pipelines.orders", "recreate", { changes: ["storage"], note: "`storage` cannot be changed" }),
        planned("jobs.nightly_orders_of_all_regions_and_their_reports_that_are_sent_by_mail", "update", { changes: fields, drift: ["schedule.pause_status"] }),
        ...Array.from({ length: 12 }, (_, at) => planned(`jobs.region_${at}`, "create")),
        planned("jobs.left", "skip", { drift: ["max_concurrent_runs"] }),
        ...Array.from({ length: 30 }, (_, at) => planned(`jobs.same_${at}`, "skip")),
      ],
      deletes: ["schemas.raw", "pipelines.orders"],
      uploads: 214,
      deleted_files: 3,
      refusals: ["the bundle's lock is held by ann@example.com since 14:02; wait for that deploy to end"],
      warnings: ["`schemas.raw` has 12 tables, which go with it", "`jobs.left` was changed by others and stays as it is"],
    };
    await page.route("**/tools/plan_bundle/call", (route) => route.fulfill({ json: { content: "", structured, failure: null } }));
    await page.getByRole("link", { name: "All bundles" }).click();
    await inList().click();
    await page.getByRole("combobox", { name: "Target" }).selectOption("prod");
    await tab("Plan").click();
    await page.getByText("It cannot be carried out as it is").waitFor();
    expect(await lookAt(page, "bundle-plan-long")).toEqual([]);
    await page.getByRole("button", { name: "30 resources unchanged" }).click();
    await page.getByText("jobs.same_29").scrollIntoViewIfNeeded();
    expect(await lookAt(page, "bundle-plan-long-end")).toEqual([]);
    expect(faults).toEqual([]);
  });
});
