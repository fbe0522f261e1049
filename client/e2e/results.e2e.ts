/** A result beside the conversation: of any size, in each of its states, by pointer and by keys. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createProject } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { playResult } from "./support/results";

const ID = "0194f3a2-0000-7000-8000-000000000001";
const MANY = 1_000_000;
const COLUMNS = 60;

let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];
let project: string;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

beforeEach(async () => {
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Results");
  project = page.url();
});

afterEach(async () => {
  expect(faults).toEqual([]);
  await page.context().close();
});

const open = (more = ""): Promise<unknown> => page.goto(`${project}?result=${ID}${more}`);
const rowsAreThere = (): Promise<void> =>
  page
    .getByRole("gridcell", { name: /^\d+\.\d{4}$/ })
    .first()
    .waitFor();
const grid = () => page.getByRole("grid");
const rowAt = (number: string) =>
  grid()
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: number, exact: true }) });

describe("a table of a million rows", () => {
  beforeEach(() => playResult(page, { id: ID, rows: MANY, columns: COLUMNS }));

  it("is walked to its end, and draws only what is in view", async () => {
    await open();
    await rowsAreThere();
    expect(await grid().getAttribute("aria-rowcount")).toBe(String(MANY + 1));
    expect(await lookAt(page, "result-table")).toEqual([]);
    await grid().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Control+End");
    await page.keyboard.press("End");
    await rowAt("1,000,000").waitFor();
    const active = await page.evaluate(
      () => document.getElementById(document.querySelector('[role="grid"]')?.getAttribute("aria-activedescendant") ?? "")?.dataset,
    );
    expect(active).toMatchObject({ row: String(MANY - 1), column: String(COLUMNS - 1) });
    expect(await page.locator('[role="gridcell"]').count()).toBeLessThan(1_200);
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Control+ArrowUp");
    await rowAt("1").waitFor();
  });

  it("is dragged anywhere, and back", async () => {
    await open();
    await rowsAreThere();
    await grid().evaluate((box) => box.scrollTo(0, box.scrollHeight / 2));
    await expect.poll(() => grid().getByRole("rowheader").first().innerText()).toMatch(/^(49|50)\d,\d{3}$/);
    await grid().evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await rowAt("1,000,000").waitFor();
    await grid().evaluate((box) => box.scrollTo(0, 0));
    await rowAt("1").waitFor();
  });

  it("is opened at the place that a link names", async () => {
    await open("&row=777777&column=price");
    await page.getByRole("gridcell", { name: "16063.7777" }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("grid");
    expect(await lookAt(page, "result-place")).toEqual([]);
  });

  it("is sorted, filtered and copied", async () => {
    await open();
    await rowsAreThere();
    await page.getByRole("button", { name: /^id/ }).click();
    await page.getByRole("button", { name: /^id/ }).click();
    await rowAt("1,000,000").waitFor();
    await page.getByRole("button", { name: /^Column city/ }).click();
    const menu = page.getByRole("dialog", { name: "Column city" });
    await menu.getByRole("checkbox", { name: /NULL/ }).waitFor();
    expect(await lookAt(page, "result-column")).toEqual([]);
    await menu.getByRole("checkbox", { name: /NULL/ }).check();
    await page.keyboard.press("Escape");
    await page.getByText("142,857 of 1,000,000 rows").waitFor();
    expect(await lookAt(page, "result-filtered")).toEqual([]);
    await grid().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Control+c");
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^\d*\t[\d.]*$/);
  });

  it("opens nested values as trees, and covers the window", async () => {
    await open("&row=2&column=tags");
    await page.getByRole("gridcell", { name: /key 2"/ }).waitFor();
    await grid().press("Enter");
    await page.getByRole("dialog", { name: "tags, row 3" }).getByText("“key 2”").waitFor();
    expect(await lookAt(page, "result-cell")).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Show over the whole window" }).click();
    expect(await lookAt(page, "result-full")).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Show over the whole window" }).waitFor();
    await page.getByRole("button", { name: "Close the result" }).click();
    expect(await grid().count()).toBe(0);
  });
});

describe("what a result tells", () => {
  it("is where it comes from", async () => {
    await playResult(page, { id: ID, rows: 100, columns: 8, state: "partial", cut: { reason: "result_limit", advice: "ask for fewer columns" } });
    await open();
    await page.getByRole("tab", { name: "Where this comes from" }).click();
    await page.getByText("01ef-0000-1111").waitFor();
    await page.getByText("Ask for fewer columns.").waitFor();
    expect(await lookAt(page, "result-origin")).toEqual([]);
  });

  it("is that it has no rows, is on its way, or is not there", async () => {
    await playResult(page, { id: ID, rows: 0, columns: 3 });
    await open();
    await page.getByText("This result has no rows.").waitFor();
    expect(await lookAt(page, "result-empty")).toEqual([]);
    await page.goto(`${project}?result=0194f3a2-0000-7000-8000-00000000dead`);
    await page.getByText("This result is not here").waitFor();
    expect(await lookAt(page, "result-gone")).toEqual([]);
  });
});

describe("a chart", () => {
  it("is drawn under the page's policy, in each kind, and kept as a picture", async () => {
    await playResult(page, { id: ID, rows: 10_000, columns: 8 });
    await open("&view=chart");
    await page.getByRole("img", { name: /line chart/ }).waitFor();
    expect(await lookAt(page, "chart-line")).toEqual([]);
    for (const kind of ["bar", "scatter", "histogram", "heatmap", "points"]) {
      await page.getByLabel("Kind").selectOption(kind);
      await page.locator('[role="graphics-symbol"]').first().waitFor({ state: "attached" });
      expect(await page.getByText(/does not fit its data/).count()).toBe(0);
    }
    await page.getByLabel("Kind").selectOption("bar");
    expect(await lookAt(page, "chart-bar")).toEqual([]);
    await page.getByRole("button", { name: "Keep the picture" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: /PNG/ }).click()]);
    expect(download.suggestedFilename()).toMatch(/^bar chart.*\.png$/);
    await page.getByRole("button", { name: "As table" }).click();
    await page
      .getByRole("group", { name: /bar chart/ })
      .getByRole("row")
      .nth(3)
      .waitFor();
  });
});
