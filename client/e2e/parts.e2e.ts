/** The page comes in several files: what one sees while one of them is on its way, and when it never comes. */
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page, Response, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createProject, turnEnded } from "./support/actions";
import { launch } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";

let host: Host;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
});

afterEach(() => context.close());

const pluginsFile = "**/assets/PluginsPage-*.js";
const markdownFile = "**/assets/Rendered-*.js";
/** What the first page may need in scripts, compressed: some more than it does, and half of what the whole app is. */
const FIRST_PAGE_BYTES = 144_000;
const gone = { status: 404, contentType: "application/problem+json", body: "{}" };

async function focused(): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent ?? "");
}

describe("the first page", () => {
  it("waits for no code of other pages nor for what draws answers", async () => {
    const scripts: Response[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith(".js")) scripts.push(response);
    });
    await page.goto(host.url);
    await page.getByRole("heading", { name: "Lay the first brick" }).waitFor();
    const needed = [...scripts];
    expect(needed.map((response) => response.url()).join(" ")).not.toMatch(/Rendered|PluginsPage|ProjectPage/);
    const zipped = (await Promise.all(needed.map((response) => response.body()))).reduce((sum, body) => sum + gzipSync(body).length, 0);
    expect(zipped).toBeLessThan(FIRST_PAGE_BYTES);
  });
});

describe("a page of the app", () => {
  it("comes with the focus at its heading, and says so while it is on its way", async () => {
    const held: Route[] = [];
    await page.route(pluginsFile, (route) => void held.push(route));
    await page.goto(host.url);
    await page.getByRole("link", { name: "Plugins" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("status", { name: "Loading the page" }).waitFor();
    expect(await lookAt(page, "page-loading")).toEqual([]);
    await Promise.all(held.map((route) => route.continue()));
    await page.getByRole("heading", { name: "Plugins", level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");
    expect(await focused()).toBe("Plugins");
    await page.getByRole("link", { name: "Bricklayer, all projects" }).press("Enter");
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");
    expect(await focused()).toBe("Projects");
  });

  it("that is gone says so, leaves the way back open, and is there after a reload", async () => {
    await page.route(pluginsFile, (route) => route.fulfill(gone));
    await page.goto(host.url);
    await page.getByRole("link", { name: "Plugins" }).press("Enter");
    const alert = page.getByRole("alert").filter({ hasText: "This page did not load" });
    await alert.waitFor();
    expect(await page.title()).toBe("Not loaded · Bricklayer");
    await page.waitForFunction(() => document.activeElement?.textContent === "Reload");
    expect(await lookAt(page, "page-missing")).toEqual([]);
    await page.goBack();
    await page.getByRole("heading", { name: "Projects", level: 1 }).waitFor();
    await page.goForward();
    await alert.waitFor();
    await page.unroute(pluginsFile);
    await page.getByRole("button", { name: "Reload" }).press("Enter");
    await page.getByRole("heading", { name: "Plugins", level: 1 }).waitFor();
  });
});

describe("an answer", () => {
  it("can be read as it was written when what draws it does not come", async () => {
    await page.route(markdownFile, (route) => route.fulfill(gone));
    await page.goto(host.url);
    await createProject(page, "Taxi demand");
    await page.getByRole("button", { name: /What are the busiest pickup hours/ }).click();
    await page
      .getByRole("article", { name: /^You asked/ })
      .getByText(/\|\s*-{3}/)
      .waitFor();
    await turnEnded(page);
    const notice = page.getByRole("status").filter({ hasText: "Text is shown as it was written" });
    await notice.waitFor();
    expect(await lookAt(page, "answer-plain")).toEqual([]);
    await page.unroute(markdownFile);
    await notice.getByRole("button", { name: "Reload" }).click();
    await page.getByRole("group", { name: "Table" }).first().waitFor();
    expect(await notice.count()).toBe(0);
  });
});
