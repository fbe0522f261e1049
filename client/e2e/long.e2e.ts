/** Conversations, answers and lists that are long: what is drawn stays small, and what was there before comes when wanted. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { serveHistory } from "./support/history";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, startModel } from "./support/model";

const TURNS = 300;

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  model = await startModel(() => [{ say: "Fine." }]);
  host = await startHost(model.environment);
  browser = await launch();
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Long");
  await ask(page, "the first message");
  await page.waitForURL(/\/c\//);
  await turnEnded(page);
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

const nodes = (): Promise<number> => page.evaluate(() => document.querySelectorAll("*").length);
const log = () => page.getByRole("log");
const top = (): Promise<number> => log().evaluate((element) => element.scrollTop);

describe("three hundred turns", () => {
  it("open at the end with a small page", async () => {
    await serveHistory(page, TURNS);
    await page.reload();
    await page.getByText("Answer 300.").waitFor();
    expect(await nodes()).toBeLessThan(5_000);
    expect(await log().evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(60);
    expect(await lookAt(page, "long")).toEqual([]);
  });

  it("come back as one scrolls up, and what is read keeps its place", async () => {
    await page.getByText("Answer 300.").waitFor();
    const asked: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("before=")) asked.push(request.url());
    });
    for (let press = 0; press < 400 && (await page.getByText("Answer 245.", { exact: false }).count()) === 0; press += 1) {
      await log().evaluate((element) => element.scrollBy({ top: -600, behavior: "instant" }));
      await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
    }
    await page.getByText("Answer 245.", { exact: false }).waitFor();
    expect(asked.length).toBeGreaterThan(0);
    expect(await top()).toBeGreaterThan(0);
    expect(await nodes()).toBeLessThan(5_000);
    // Back at the end nothing was lost.
    await page.getByRole("button", { name: "Latest" }).click();
    await page.getByText("Answer 300.").waitFor();
  });

  it("show where earlier messages were summarised for the model, and what it reads instead", async () => {
    await page.unroute(/\/conversations\/[^/?]+\?turns=/);
    await serveHistory(page, TURNS, TURNS);
    await page.reload();
    const line = page.getByRole("button", { name: "Earlier messages were summarised" });
    await line.waitFor();
    expect(await lookAt(page, "summarised")).toEqual([]);
    await line.click();
    await page.getByText("each was answered").waitFor();
    expect(await lookAt(page, "summarised-open")).toEqual([]);
  });

  it("say when earlier ones could not be loaded, and a press tries again", async () => {
    await page.reload();
    await page.getByText("Answer 300.").waitFor();
    await page.route(/before=/, (route) => route.abort(), { times: 3 });
    await log().evaluate((element) => element.scrollTo({ top: 0, behavior: "instant" }));
    const again = page.getByRole("button", { name: /Earlier messages could not be loaded/ });
    await again.waitFor();
    await page.unroute(/before=/);
    await again.click();
    await again.waitFor({ state: "detached" });
  });
});

/** Answers hold two thousand; three do as well. */
const byThrees = async (path: RegExp): Promise<void> => {
  await page.route(path, (route) => {
    const url = new URL(route.request().url());
    if (route.request().method() === "GET") url.searchParams.set("limit", "3");
    return route.continue({ url: url.href });
  });
};
const make = (path: string, body: unknown): Promise<number> =>
  page.evaluate(
    async ([to, text]) => {
      const response = await fetch(to, { method: "POST", headers: { "content-type": "application/json" }, body: text });
      return response.status;
    },
    [path, JSON.stringify(body)] as const,
  );
const project = (): string => new URL(page.url()).pathname.split("/")[2] ?? "";
const older = () => page.getByRole("button", { name: "Show older ones" });

describe("a list longer than an answer", () => {
  it("shows older conversations when asked, and keeps them when a newer one comes", async () => {
    await page.unrouteAll();
    const conversations = `/api/projects/${project()}/conversations`;
    for (let number = 1; number <= 6; number += 1) expect(await make(conversations, { title: `Talk ${number}` })).toBe(201);
    await byThrees(/\/conversations(\?after=[^&]*)?$/);
    await page.goto(`${host.url}/projects/${project()}`);
    const rows = page.getByRole("navigation", { name: "Conversations" }).getByRole("link");
    const titles = async (): Promise<string[]> => (await rows.allInnerTexts()).map((text) => text.split("\n")[0] ?? "");
    await older().waitFor();
    expect(await titles()).toEqual(["Talk 6", "Talk 5", "Talk 4"]);
    await older().click();
    await rows.getByText("Talk 1").waitFor();
    expect(await titles()).toEqual(["Talk 6", "Talk 5", "Talk 4", "Talk 3", "Talk 2", "Talk 1"]);
    await older().click();
    await rows.getByText("the first message").waitFor();
    expect(await older().count()).toBe(0);
    expect(await lookAt(page, "older-conversations")).toEqual([]);
    await make(conversations, { title: "Talk 7" });
    // An answer that was on its way may be shown for a moment.
    await expect.poll(titles, { timeout: 30_000 }).toEqual([...[7, 6, 5, 4, 3, 2, 1].map((number) => `Talk ${number}`), "the first message"]);
  });

  it("shows older projects when asked, and the project of a page that is not among the newest", async () => {
    const oldest = page.url();
    await page.unrouteAll();
    for (let number = 1; number <= 6; number += 1) expect(await make("/api/projects", { name: `Plan ${number}` })).toBe(201);
    await byThrees(/\/api\/projects(\?after=[^&]*)?$/);
    await page.goto(oldest);
    await page.getByRole("button", { name: "Project: Long" }).click();
    const choice = page.getByRole("dialog", { name: "Projects" });
    await choice.getByRole("button", { name: "Show older ones" }).click();
    await choice.getByRole("link", { name: "Plan 1" }).waitFor();
    await page.keyboard.press("Escape");
    await page.goto(host.url);
    const cards = page.getByRole("listitem").getByRole("link");
    await older().waitFor();
    expect(await cards.count()).toBe(3);
    await older().click();
    await older().click();
    await cards.getByText("Long").waitFor();
    expect(await older().count()).toBe(0);
    expect(await cards.count()).toBe(7);
    expect(await lookAt(page, "older-projects")).toEqual([]);
  });
});

it("nothing went wrong inside the page", () => {
  expect(faults).toEqual([]);
});
