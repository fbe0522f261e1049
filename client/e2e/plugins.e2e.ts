/** Plugins through the page against the real host: added, given powers, used, watched, updated, switched off, removed. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { type Watched, launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { packageOf } from "./support/packages";

let host: Host;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
  watched = await openPage(browser, host.url);
  ({ page } = watched);
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

const identity = `name = "warehouse-report"
licence = "Apache-2.0"
authors = ["The Bricklayer authors"]
homepage = "https://warehouses.example/about"
wit = "test:warehouses@0.1.0"
`;
const tools = ["count_warehouses", "greet"]
  .map((name) => `[tools.${name}]\nread-only = true\ndestructive = false\nidempotent = true\nask = false\n`)
  .join("\n");
const readsWarehouses = `[[grants.http]]\naudience = "workspace"\nmethods = ["GET"]\npaths = ["/api/2.0/sql/warehouses"]\ncredential = true\n`;
const readme =
  "# Warehouse report\n\nAsk *how many warehouses are there?*\n\n| Tool | Needs |\n|---|---|\n| `count_warehouses` | the list of warehouses |\n| `greet` | nothing |\n";
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="8" fill="#2d5b86"/><path d="M8 18 20 10l12 8v12H8z" fill="#fff"/></svg>';

const first = (): Buffer =>
  packageOf({
    manifest: `${identity}version = "0.1.0"\ndescription = "Says how many SQL warehouses the workspace has."\nicon = "icon.svg"\nreadme = "README.md"\n[grants]\nfiles = "read"\n${readsWarehouses}\n[limits]\nmemory-mib = 128\n${tools}`,
    readme,
    icon,
  });
const second = (): Buffer =>
  packageOf({
    manifest: `${identity}version = "0.2.0"\ndescription = "Says how many SQL warehouses the workspace has, and writes it down."\n[grants]\nfiles = "read-write"\n${readsWarehouses}\n[[grants.http]]\naudience = "prices.example"\nmethods = ["GET"]\npaths = ["/v1/**"]\n${tools}`,
  });

/** A public key as minisign writes it: the algorithm, an id, an Ed25519 key. */
function minisignKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const key = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return Buffer.concat([Buffer.from("Ed"), randomBytes(8), key]).toString("base64");
}

const dialog = (): Locator => page.getByRole("dialog");

async function choose(buffer: Buffer, name = "warehouse-report.wasm"): Promise<void> {
  await dialog().getByLabel("Plugin package").setInputFiles({ name, mimeType: "application/wasm", buffer });
  await dialog().getByRole("button", { name: "Look at it" }).click();
}

/** From the plugin's page to a new conversation of its project, until this is in the answer there. */
async function askAnew(message: string, answer: RegExp): Promise<void> {
  await page.getByRole("link", { name: "New conversation" }).click();
  await ask(page, message);
  await page
    .getByRole("article", { name: /^You asked/ })
    .filter({ hasText: answer })
    .waitFor();
  await turnEnded(page);
}

async function openPlugin(): Promise<void> {
  await page.getByRole("link", { name: "Plugins", exact: true }).first().click();
  await page.getByRole("link", { name: /warehouse-report/ }).click();
  await page.getByRole("heading", { name: "warehouse-report", exact: true, level: 1 }).waitFor();
}

describe("a person who adds a plugin", () => {
  it("finds what ships with the host, and nothing added", async () => {
    await createProject(page, "Taxi demand");
    await page.getByRole("link", { name: "Plugins" }).click();
    await page.getByRole("heading", { name: "No plugins added yet" }).waitFor();
    await page
      .getByRole("region", { name: "Shipped with Bricklayer" })
      .getByRole("link", { name: /databricks-sql/ })
      .waitFor();
    expect(await page.getByRole("switch", { name: "databricks-sql in this project" }).isChecked()).toBe(true);
    expect(await lookAt(page, "plugins-empty")).toEqual([]);
  });

  it("writes a rule about calls, and mends one that is none", async () => {
    await page.getByRole("button", { name: /^Rules about calls/ }).click();
    const calls = page.getByRole("textbox", { name: "Which calls" });
    const add = page.getByRole("button", { name: "Add rule" });
    await calls.fill("execute_sql(drop");
    await add.click();
    await page.getByRole("alert").waitFor();
    await calls.fill("execute_sql(drop)");
    await add.click();
    const rules = page.getByRole("list", { name: "Rules of this project" });
    await rules.getByText("execute_sql(drop)").waitFor();
    expect(await lookAt(page, "plugins-rules")).toEqual([]);
    await page.getByRole("button", { name: "Remove the rule execute_sql(drop)" }).click();
    await rules.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Rules about calls/ }).click();
  });

  it("is told what is wrong with a file that is no plugin", async () => {
    await page.getByRole("button", { name: "Add plugin" }).click();
    expect(await lookAt(page, "plugins-add")).toEqual([]);
    await choose(Buffer.from("<!doctype html><title>Not found</title>"), "page.wasm");
    const alert = dialog().getByRole("alert");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/not.*component|HTML/i);
    expect(
      await dialog()
        .getByRole("button", { name: /Install/ })
        .count(),
    ).toBe(0);
    expect(await lookAt(page, "plugins-broken")).toEqual([]);
  });

  it("is told what is missing from an address", async () => {
    await dialog().getByRole("radio", { name: "From an address" }).check();
    await dialog().getByRole("textbox", { name: "Address" }).fill("https://plugins.example/weather.wasm");
    await page.keyboard.press("Enter");
    await dialog()
      .getByRole("alert")
      .getByText(/sha256/)
      .waitFor();
    await dialog().getByRole("radio", { name: "From this computer" }).check();
  });

  it("sees what it is and what it asks for, and gives a part of it", async () => {
    await choose(first());
    await dialog()
      .getByRole("button", { name: /^Install/ })
      .waitFor();
    const words = await dialog().innerText();
    for (const part of ["warehouse-report", "0.1.0", "Says how many", "Unsigned", "2 tools", "with your identity", "Read files of the project", "128 MiB"])
      expect(words).toContain(part);
    // What carries the person's identity is not ticked by itself, nor are the files.
    const boxes = await dialog()
      .getByRole("checkbox")
      .evaluateAll((list) => list.map((box) => [box.closest("li")?.textContent ?? "", (box as HTMLInputElement).checked] as const));
    expect(boxes.map(([text, checked]) => [/warehouses|files|memory/i.exec(text)?.[0].toLowerCase(), checked])).toEqual([
      ["warehouses", false],
      ["files", false],
      ["memory", true],
    ]);
    expect(await lookAt(page, "plugins-review")).toEqual([]);
    await dialog().getByRole("button", { name: "Install, give 1 of 3" }).click();
    await page.getByRole("heading", { name: "warehouse-report", exact: true, level: 1 }).waitFor();
    expect(page.url()).toMatch(/\/projects\/[^/]+\/plugins\/[^/]+$/);
    expect(await lookAt(page, "plugins-powers")).toEqual([]);
  });

  it("finds its tools with their arguments, and its README with its picture", async () => {
    await page.getByRole("tab", { name: /Tools/ }).click();
    await page.getByRole("button", { name: /greet/ }).click();
    const row = page.getByRole("row", { name: /name/ }).first();
    expect(await row.innerText()).toMatch(/name[\s\S]*required[\s\S]*text[\s\S]*A person's name/);
    expect(await lookAt(page, "plugins-tools")).toEqual([]);
    await page.getByRole("tab", { name: "About" }).click();
    await page.getByRole("heading", { name: "Warehouse report" }).waitFor();
    const picture = page.locator("img").first();
    expect(await picture.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth > 0)).toBe(true);
    expect(await lookAt(page, "plugins-about")).toEqual([]);
  });

  it("calls a tool that needs nothing, and one that was not given what it needs", async () => {
    await askAnew('/greet {"name": "Ada"}', /Hello, Ada\./);
    await askAnew("/count_warehouses", /was not given/);
    const card = page.getByRole("article", { name: /Count warehouses: failed/ });
    expect(await card.innerText()).toContain("GET workspace/api/2.0/sql/warehouses as-caller");
    expect(await lookAt(page, "plugins-denied-call")).toEqual([]);
    await card.getByText("For operators: on the command line").click();
    await card.getByText('bricklayer plugin grant warehouse-report "GET workspace/api/2.0/sql/warehouses as-caller"').waitFor();
    await card.getByRole("link", { name: "Review what warehouse-report may do" }).click();
    const asked = page.getByRole("listitem").filter({ hasText: "a call was refused this" });
    await asked.waitFor();
    expect(await asked.innerText()).toContain("/api/2.0/sql/warehouses");
    expect(await asked.evaluate((row) => document.activeElement === row)).toBe(true);
    expect(await lookAt(page, "plugins-power-asked")).toEqual([]);
  });

  it("gives it in this project, and then it works", async () => {
    const choice = page.getByRole("radiogroup", { name: /warehouses/ });
    await choice.getByRole("radio", { name: "This project" }).click();
    await page.waitForResponse((response) => response.request().method() === "GET" && /\/api\/plugins\/[^/]+\?project_id/.test(response.url()));
    await page.reload();
    expect(await choice.getByRole("radio", { name: "This project" }).isChecked()).toBe(true);
    await askAnew("/count_warehouses", /"count"/);
    await page.getByRole("article", { name: /Count warehouses: done/ }).waitFor();
  });

  it("finds the calls, the denied request and the one that was sent", async () => {
    await openPlugin();
    await page.getByRole("tab", { name: "Activity" }).click();
    const record = page.getByRole("table", { name: "Calls, requests and changes" });
    await record
      .getByRole("row", { name: /GET.*\/api\/2\.0\/sql\/warehouses.*200/ })
      .first()
      .waitFor();
    expect(await record.getByRole("row", { name: /GET.*\/api\/2\.0\/sql\/warehouses.*denied/ }).count()).toBeGreaterThan(0);
    await record
      .getByRole("row", { name: /greet.*ok/ })
      .first()
      .waitFor();
    const week = page.getByRole("region", { name: "The last seven days" });
    await week
      .filter({ hasText: /Calls\s*3/ })
      .filter({ hasText: /Errors\s*1/ })
      .waitFor();
    expect(await page.getByRole("region", { name: "Last errors" }).innerText()).toContain("count_warehouses");
    expect(await lookAt(page, "plugins-activity")).toEqual([]);
    await page.getByRole("radio", { name: "Changes" }).check();
    await record.getByRole("row").nth(1).waitFor();
  });
});

describe("an update", () => {
  it("that asks for more is decided upon request by request", async () => {
    await page.getByRole("button", { name: "Actions for warehouse-report" }).click();
    await page.getByRole("menuitem", { name: "Update from elsewhere…" }).click();
    await choose(second());
    await dialog().getByRole("checkbox").first().waitFor();
    expect(await dialog().getByRole("checkbox").count()).toBe(2);
    expect(await dialog().innerText()).toContain("No longer asked for");
    expect(await lookAt(page, "plugins-update")).toEqual([]);
    await dialog()
      .getByRole("checkbox", { name: /Change, create/ })
      .check();
    await dialog().getByRole("button", { name: "Update, give 1 of 2" }).click();
    await page.getByRole("heading", { name: "warehouse-report", exact: true, level: 1 }).waitFor();
    await page.getByText("0.2.0", { exact: true }).first().waitFor();
    await page.getByRole("tab", { name: /Powers/ }).click();
    const prices = page.getByRole("radiogroup", { name: /prices\.example/ });
    expect(await prices.getByRole("radio", { name: "Not given" }).isChecked()).toBe(true);
    // What was given before stays given.
    expect(
      await page
        .getByRole("radiogroup", { name: /warehouses/ })
        .getByRole("radio", { name: "This project" })
        .isChecked(),
    ).toBe(true);
  });

  it("is taken back to the version before", async () => {
    await page.getByRole("button", { name: "Actions for warehouse-report" }).click();
    await page.getByRole("menuitem", { name: "Roll back to 0.1.0…" }).click();
    expect(await lookAt(page, "plugins-roll-back")).toEqual([]);
    await dialog().getByRole("button", { name: "Go back to 0.1.0" }).click();
    await dialog().waitFor({ state: "detached" });
    await page.getByText("0.1.0", { exact: true }).first().waitFor();
  });

  it("that waits is shown until somebody decides, and can be turned down", async () => {
    // As another way in would leave it: sent without a decision.
    const id = page.url().split("/").pop()?.split("?")[0] ?? "";
    const form = new FormData();
    form.append("package", new Blob([new Uint8Array(second())]), "warehouse-report.wasm");
    const { staged } = (await (await fetch(`${host.url}/api/plugins/inspect`, { method: "POST", body: form })).json()) as { staged: string };
    const answer = await fetch(`${host.url}/api/plugins/${id}/update`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ staged }),
    });
    expect(((await answer.json()) as { outcome: string }).outcome).toBe("waiting");
    await page.reload();
    const panel = page.getByRole("region", { name: "Version 0.2.0 waits for you" });
    await panel.waitFor();
    await page.getByRole("link", { name: /Plugins.*1 needs you/ }).waitFor();
    expect(await lookAt(page, "plugins-waiting")).toEqual([]);
    await panel.getByRole("button", { name: "Keep 0.1.0" }).click();
    await panel.waitFor({ state: "detached" });
  });
});

describe("a plugin that is not wanted", () => {
  it("is switched off in one project by keyboard, and its tools are gone there", async () => {
    const toggle = page.getByRole("switch", { name: "On in this project" });
    await toggle.focus();
    await page.keyboard.press("Space");
    await page.getByRole("link", { name: "Plugins", exact: true }).first().click();
    await page.getByRole("switch", { name: "warehouse-report in this project" }).waitFor();
    expect(await page.getByRole("switch", { name: "warehouse-report in this project" }).isChecked()).toBe(false);
    expect(await lookAt(page, "plugins-list")).toEqual([]);
    await askAnew('/greet {"name": "Ada"}', /There is no tool named greet/);
  });

  it("is disabled everywhere and enabled again", async () => {
    await openPlugin();
    await page.getByRole("button", { name: "Actions for warehouse-report" }).click();
    await page.getByRole("menuitem", { name: "Disable everywhere" }).click();
    await page.getByText("Disabled everywhere").waitFor();
    expect(await lookAt(page, "plugins-disabled")).toEqual([]);
    await page.getByRole("button", { name: "Enable" }).click();
    await page.getByText("Disabled everywhere").waitFor({ state: "detached" });
  });

  it("is removed after a question", async () => {
    await page.getByRole("button", { name: "Actions for warehouse-report" }).click();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    expect(await dialog().innerText()).toContain("2 tools of the agent");
    expect(await lookAt(page, "plugins-remove")).toEqual([]);
    await dialog().getByRole("button", { name: "Remove plugin" }).click();
    await page.getByRole("heading", { name: "No plugins added yet" }).waitFor();
    expect(watched.faults).toEqual([]);
  });
});

describe("a host with a policy", () => {
  it("refuses what nobody it trusts has signed, and offers no way around", async () => {
    const strict = await startHost({ BRICKLAYER_PLUGINS_SIGNATURES: "require", BRICKLAYER_PLUGINS_TRUSTED_KEYS: `acme=${minisignKey()}` });
    const { page: other } = await openPage(browser, `${strict.url}/plugins`);
    try {
      await other.getByRole("button", { name: "Add plugin" }).click();
      await other.getByLabel("Plugin package").setInputFiles({ name: "w.wasm", mimeType: "application/wasm", buffer: first() });
      await other.getByRole("button", { name: "Look at it" }).click();
      const alert = other.getByRole("dialog").getByRole("alert");
      await alert.waitFor();
      expect(await alert.innerText()).toMatch(/sign/i);
      expect(await other.getByRole("button", { name: /^Install/ }).count()).toBe(0);
      expect(await lookAt(other, "plugins-refused")).toEqual([]);
    } finally {
      await other.context().close();
      await strict.stop();
    }
  });

  it("says why somebody may not add plugins, instead of a dead button", async () => {
    const closed = await startHost({ BRICKLAYER_PLUGINS_INSTALLERS: "nobody" });
    const { page: other } = await openPage(browser, `${closed.url}/plugins`);
    try {
      await other.getByText("You cannot add plugins on this host").waitFor();
      expect(await other.getByRole("button", { name: "Add plugin" }).count()).toBe(0);
      expect(await lookAt(other, "plugins-not-allowed")).toEqual([]);
    } finally {
      await other.context().close();
      await closed.stop();
    }
  });
});
