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

it("nothing went wrong inside the page", () => {
  expect(faults).toEqual([]);
});
