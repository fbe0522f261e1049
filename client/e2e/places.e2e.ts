/** Where one goes in the page: what is gone says so, and the keyboard gets everywhere. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";

let host: Host;
let browser: Browser;
let page: Page;
let project: string;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
  ({ page } = await openPage(browser, host.url));
  await createProject(page, "Taxi demand");
  project = new URL(page.url()).pathname;
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

const nobody = "00000000-0000-7000-8000-000000000000";
const focusedLabel = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");

describe("what is gone", () => {
  it.each([
    [`/projects/${nobody}`, "This project does not exist"],
    [`/projects/${nobody}/c/${nobody}`, "This project does not exist"],
    ["/projects/no-id", "This project does not exist"],
  ])("%s says so, and leads home", async (path, title) => {
    await page.goto(`${host.url}${path}`);
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await page.getByLabel("Message", { exact: true }).count()).toBe(0);
    expect(await page.getByRole("alert").count()).toBe(0);
    if (path.endsWith(nobody)) expect(await lookAt(page, "gone-project")).toEqual([]);
    await page.getByRole("link", { name: "Go to your projects" }).click();
    await page.getByRole("heading", { name: "Projects", level: 1 }).waitFor();
  });

  it("a conversation says so, with the project beside it", async () => {
    await page.goto(`${host.url}${project}/c/${nobody}`);
    await page.getByRole("heading", { name: "This conversation does not exist", level: 1 }).waitFor();
    expect(await page.getByLabel("Message", { exact: true }).count()).toBe(0);
    expect(await lookAt(page, "gone-conversation")).toEqual([]);
    await page.getByRole("link", { name: "Start a new one" }).click();
    await page.getByRole("heading", { name: "What do you want to know?", level: 1 }).waitFor();
  });
});

describe("the keyboard", () => {
  it("skips the sidebar", async () => {
    await page.goto(`${host.url}${project}`);
    await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
    // The field to write in has the focus already: the first stop is asked for by its place.
    await page.locator("a, button, input, select, textarea").first().focus();
    expect(await focusedLabel()).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("MAIN");
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
  });

  it("looks through projects without leaving", async () => {
    const before = page.url();
    const button = page.getByRole("button", { name: "Project: Taxi demand" });
    await button.focus();
    await page.keyboard.press("ArrowDown");
    expect(page.url()).toBe(before);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Projects" }).waitFor();
    expect(await lookAt(page, "project-choice", "desk")).toEqual([]);
    await page.keyboard.type("nothing like this");
    await page.getByText("No project matches.").waitFor();
    expect(page.url()).toBe(before);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Projects" }).waitFor({ state: "detached" });
    await expect.poll(focusedLabel).toBe("Project: Taxi demand");
  });

  it("goes into the files and back", async () => {
    await page.keyboard.press("Control+Shift+E");
    await expect.poll(focusedLabel).toBe("Files");
    await page.keyboard.press("Control+Shift+E");
    await expect.poll(focusedLabel).toBe("Message");
  });
});

describe("paper", () => {
  it("has the whole answer and nothing to press", async () => {
    await ask(page, "List the SQL warehouses.");
    await turnEnded(page);
    await page.emulateMedia({ media: "print" });
    expect(await page.getByRole("button").filter({ visible: true }).count()).toBe(0);
    expect(await page.getByLabel("Message", { exact: true }).isVisible()).toBe(false);
    await expect.poll(() => page.getByText("List the SQL warehouses.").filter({ visible: true }).count()).toBeGreaterThan(0);
    await page.emulateMedia({ media: "screen" });
  });
});
