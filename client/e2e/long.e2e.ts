/** Conversations, answers and lists that are long: what is drawn stays small, and what was there before comes when wanted. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
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
  await turnEnded(page);
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

/** A history as the host tells it, by pages as the page asks for them. */
async function serveHistory(): Promise<void> {
  const prose =
    "A paragraph with **bold**, `code` and a [link](https://docs.example/x).\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sql\nSELECT 1\n```";
  await page.route(/\/conversations\/[^/?]+\?turns=/, async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const before = Number(asked.get("before") ?? TURNS * 10 + 1);
    const last = Math.floor((before - 1) / 10);
    const first = Math.max(1, last - Number(asked.get("turns")) + 1);
    const events = [];
    for (let turn = first; turn <= last; turn += 1) {
      const at = { execution_id: `turn-${turn}`, at: "2026-01-01T00:00:00Z" };
      const seq = (turn - 1) * 10;
      events.push(
        { ...at, seq: seq + 1, type: "conversation.created", conversation_id: "c", message: `Question ${turn}`, settings: {} },
        {
          ...at,
          seq: seq + 2,
          type: "tool_use",
          step: 0,
          tool_id: `call-${turn}`,
          tool_name: "mcp__databricks__execute_sql",
          tool_input: { statement: "SELECT 1" },
        },
        {
          ...at,
          seq: seq + 3,
          type: "tool_result",
          tool_use_id: `call-${turn}`,
          tool_name: "mcp__databricks__execute_sql",
          content: "1",
          is_error: false,
          duration_ms: 5,
        },
        { ...at, seq: seq + 4, type: "text", step: 1, block: 0, text: `Answer ${turn}. ${prose}` },
        { ...at, seq: seq + 10, type: "stream.completed", is_error: false, is_cancelled: false },
      );
    }
    await route.fulfill({ json: { events, messages: [], last_seq: TURNS * 10, active_execution: null, earlier: first > 1 ? (first - 1) * 10 + 1 : null } });
  });
}

const nodes = (): Promise<number> => page.evaluate(() => document.querySelectorAll("*").length);
const log = () => page.getByRole("log");
const top = (): Promise<number> => log().evaluate((element) => element.scrollTop);

describe("three hundred turns", () => {
  it("open at the end with a small page", async () => {
    await serveHistory();
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
