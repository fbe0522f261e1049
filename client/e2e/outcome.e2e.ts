/** The main job, with the offline model and the local workspace: ask, see the work, get a table, keep it, read it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import cards from "../src/features/chat/firstCards.json" with { type: "json" };
import { ask, createProject, lastAnswer, turnEnded } from "./support/actions";
import { type Watched, launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";

let host: Host;
let browser: Browser;
let watched: Watched;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
  watched = await openPage(browser, host.url);
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

const question = "What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?";

describe("a person with a fresh host", () => {
  it("finds an empty list and creates a project", async () => {
    const { page } = watched;
    await page.getByRole("heading", { name: "Lay the first brick" }).waitFor();
    expect(await lookAt(page, "home-empty")).toEqual([]);
    await createProject(page, "Taxi demand");
    expect(await page.getByRole("button", { name: "Offline model" }).isVisible()).toBe(true);
    expect(await lookAt(page, "new-conversation")).toEqual([]);
  });

  it("asks the suggested question and watches the agent work", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: question }).click();
    await page.getByRole("button", { name: /Run SQL.*rows/ }).waitFor();
    await turnEnded(page);
    expect(page.url()).toMatch(/\/projects\/[^/]+\/c\/[^/]+$/);
    expect(await page.getByRole("button", { name: /Inspect tables/ }).count()).toBe(1);
    // The answer has the rows: the call that brought them is folded.
    expect(await page.getByRole("button", { name: /Run SQL.*rows/ }).getAttribute("aria-expanded")).toBe("false");
    expect(await page.getByRole("grid").count()).toBe(0);
    // The answer's table.
    expect(await lastAnswer(page)).toMatch(/busiest/i);
    expect(await page.getByRole("group", { name: "Table" }).getByRole("row").count()).toBeGreaterThan(5);
    expect(await lookAt(page, "answer")).toEqual([]);
  });

  it("opens a tool card and sees the SQL and its rows", async () => {
    const { page } = watched;
    const card = page.getByRole("button", { name: /Run SQL.*rows/ });
    await card.click();
    const code = page.getByRole("group", { name: "statement code" });
    expect(await code.innerText()).toMatch(/FROM samples\.nyctaxi\.trips/);
    // The statement's own result, with types.
    const rows = page.getByRole("article", { name: /^Run SQL/ });
    expect((await rows.getByRole("columnheader").allInnerTexts()).join(" ").toLowerCase()).toMatch(/hour[\s\S]*int[\s\S]*trips[\s\S]*bigint[\s\S]*fare/);
    // The names come with the card, the rows from the kept result.
    await expect.poll(() => rows.getByRole("row").count()).toBeGreaterThan(5);
    expect(await lookAt(page, "tool-card")).toEqual([]);
    await card.click();
  });

  it("finds the help and the theme by keyboard and button", async () => {
    const { page } = watched;
    await page.keyboard.press("Control+/");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    expect(await lookAt(page, "help")).toEqual([]);
    await page.keyboard.press("Escape");
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.getByRole("button", { name: /Switch to light/ }).click();
    await page.getByRole("button", { name: /Switch to dark/ }).click();
    expect(await paper()).not.toBe(light);
    await page.reload();
    expect(await paper()).not.toBe(light);
    await page.getByRole("button", { name: /Switch to the system/ }).click();
    expect(await paper()).toBe(light);
  });

  it("reaches the conversations on a phone", async () => {
    const { page } = watched;
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole("button", { name: "Show sidebar" }).click();
    await page.getByRole("navigation", { name: "Conversations" }).waitFor();
    expect(await lookAt(page, "drawer", "phone")).toEqual([]);
    await page.getByRole("button", { name: "Close sidebar" }).click({ position: { x: 350, y: 400 } });
    await page.getByRole("navigation", { name: "Conversations" }).waitFor({ state: "detached" });
    await page.setViewportSize({ width: 1280, height: 860 });
  });

  it("has it saved as report.md, and reads the file", async () => {
    const { page } = watched;
    await page.getByLabel("Message", { exact: true }).fill("Save that as report.md");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /Write file.*report\.md/ }).waitFor();
    await turnEnded(page);
    await page.getByRole("button", { name: /^Files 1/ }).click();
    const files = page.getByRole("complementary", { name: "Files" });
    expect(await lookAt(page, "files")).toEqual([]);
    await files.getByRole("button", { name: /report\.md/ }).click();
    await files.getByRole("table").first().waitFor();
    expect(page.url()).toContain("file=report.md");
    expect(await lookAt(page, "file")).toEqual([]);
    await page.getByRole("button", { name: "Close files" }).click();
  });

  it("reloads and finds everything as it was", async () => {
    const { page } = watched;
    const before = await page.getByRole("log").textContent();
    await page.reload();
    await page.getByRole("button", { name: /Write file.*report\.md/ }).waitFor();
    expect(withoutTimes(await page.getByRole("log").textContent())).toBe(withoutTimes(before));
  });

  it("finds, renames and deletes the conversation", async () => {
    const { page } = watched;
    const list = page.getByRole("navigation", { name: "Conversations" });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("no such thing");
    await list.getByText(/Nothing matches/).waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("busiest");
    const row = list.getByRole("listitem");
    expect(await row.count()).toBe(1);
    await row.hover();
    await row.getByRole("button", { name: /^Actions for/ }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "Title" }).fill("Taxi demand by the busiest hours");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("heading", { name: "Taxi demand by the busiest hours" }).waitFor();
    await row.hover();
    await row.getByRole("button", { name: /^Actions for/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    expect(await lookAt(page, "delete-dialog", "desk")).toEqual([]);
    await page.getByRole("button", { name: "Delete conversation" }).click();
    await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
    expect(await list.getByRole("listitem").count()).toBe(0);
  });

  it("chooses where to work", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: /Warehouse and catalog/ }).click();
    await page.getByLabel("SQL warehouse", { exact: true }).selectOption({ index: 1 });
    await page.getByLabel("Default catalog").selectOption("samples");
    await page.getByLabel("Default schema").selectOption("nyctaxi");
    expect(await lookAt(page, "settings")).toEqual([]);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: /Warehouse and catalog.*samples\.nyctaxi/ }).waitFor();
    await page.getByLabel("Message", { exact: true }).fill('/execute_sql {"statement": "SELECT count(*) AS trips FROM trips"}');
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /Run SQL.*1 row/ }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: /Warehouse and catalog.*samples\.nyctaxi/ }).waitFor();
  });

  it.each(cards)("presses the card $title, and nothing fails", async ({ message }) => {
    const { page } = watched;
    const [, project] = /\/projects\/([^/]+)/.exec(page.url()) ?? [];
    await page.goto(`${host.url}/projects/${project}`);
    await page.getByRole("button", { name: message }).click();
    await page.getByRole("article", { name: /^You asked/ }).waitFor();
    await turnEnded(page);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await page.getByRole("article", { name: /: done$/ }).count()).toBeGreaterThan(0);
    expect(await page.getByRole("article", { name: /: (?:partly )?failed$/ }).count()).toBe(0);
  });

  it("makes a pipeline, and finds it beside the files", async () => {
    const { page } = watched;
    const [, project] = /\/projects\/([^/]+)/.exec(page.url()) ?? [];
    await page.goto(`${host.url}/projects/${project}`);
    await ask(page, "make a pipeline");
    const card = page.getByRole("button", { name: /Make or update a pipeline/ });
    await card.waitFor();
    await turnEnded(page);
    // What the tool said is read as it is meant.
    await card.click();
    const said = page.getByRole("article", { name: /^Make or update a pipeline/ });
    await said.getByRole("link", { name: "Pipeline trips_pipeline" }).waitFor();
    await page.getByRole("button", { name: /^Files/ }).click();
    const made = page.getByRole("region", { name: "Made at the workspace" }).getByRole("link", { name: "trips_pipeline" });
    await made.waitFor();
    expect(await made.evaluate((link) => link.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
    expect(await lookAt(page, "made")).toEqual([]);
    await page.getByRole("button", { name: "Close files" }).click();
  });

  it("is told what an unknown address is", async () => {
    const { page } = watched;
    const [, project] = /\/projects\/([^/]+)/.exec(page.url()) ?? [];
    await page.goto(`${host.url}/projects/${project}/c/00000000-0000-4000-8000-000000000000`);
    await page.getByText("This conversation does not exist").waitFor();
    expect(await lookAt(page, "missing-conversation")).toEqual([]);
    await page.goto(`${host.url}/nowhere`);
    await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  });

  it("renames and deletes the project", async () => {
    const { page } = watched;
    await page.goto(host.url);
    await page.getByRole("link", { name: /Taxi demand/ }).waitFor();
    expect(await lookAt(page, "home")).toEqual([]);
    await page.getByRole("button", { name: "Actions for Taxi demand" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Taxis");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: /^Taxis/ }).waitFor();
    await page.getByRole("button", { name: "Actions for Taxis" }).click();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Keep" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Keep");
    await page.getByRole("button", { name: "Delete project" }).click();
    await page.getByRole("heading", { name: "Lay the first brick" }).waitFor();
  });

  it("was given types that fit this host; run `cargo xtask codegen` when not", async () => {
    const served: unknown = await (await fetch(`${host.url}/openapi.json`)).json();
    expect(JSON.parse(readFileSync(join(import.meta.dirname, "../openapi.json"), "utf8"))).toEqual(served);
  });

  it("met no fault on the way", () => {
    expect(watched.faults).toEqual([]);
  });
});

function withoutTimes(text: string | null): string {
  return (text ?? "").replaceAll(/just now|\d+ (?:seconds?|minutes?) ago/g, "");
}
