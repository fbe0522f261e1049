/**
 * How fast the page is: `BRICKLAYER_FIGURES=1` prints it. No test, as machines differ: what must hold on each is in
 * `long.e2e.ts` and in the tests of what is measured here.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { serveHistory } from "./support/history";
import { type Host, startHost } from "./support/host";
import { type Model, startModel } from "./support/model";

/** Items of streamed lists: twice as many may take twice as long. */
const ITEMS = [750, 1_500, 3_000] as const;
const CODE_LINES = 2_000;
const REPEATS = 3;

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;

const list = (items: number): string => Array.from({ length: items }, (_, item) => `- item ${item} with **bold** and \`code\` in it\n`).join("");
const code = (lines: number): string => `\`\`\`python\n${"    total = total + price * 1.19  # with tax\n".repeat(lines)}\`\`\`\n`;

describe.skipIf(process.env["BRICKLAYER_FIGURES"] === undefined)("figures of the page", () => {
  beforeAll(async () => {
    model = await startModel((message) => {
      const [kind = "", count = "0"] = message.split(" ");
      if (kind === "list") return [{ say: list(Number(count)), piece: 120 }];
      if (kind === "code") return [{ say: code(Number(count)), piece: 120 }];
      return [{ say: "Fine." }];
    });
    host = await startHost(model.environment);
    browser = await launch();
    ({ page } = await openPage(browser, host.url));
    await page.addInitScript(watch);
    await createProject(page, "Figures");
    await ask(page, "the first message");
    await page.waitForURL(/\/c\//);
    await turnEnded(page);
  });

  afterAll(async () => {
    await browser?.close();
    await host?.stop();
    await model?.stop();
  });

  it.each([300, 2_000])(
    "a conversation of %i turns opens",
    async (turns) => {
      await serveHistory(page, turns);
      const seen = [];
      for (let time = 0; time < REPEATS; time += 1) {
        await page.reload();
        await page.getByText(`Answer ${turns}.`).waitFor();
        await quiet();
        seen.push(await page.evaluate(() => ({ ...globalThis.figures, nodes: document.querySelectorAll("*").length })));
      }
      const [best] = seen.toSorted((a, b) => (a.firstMessageMs ?? 0) - (b.firstMessageMs ?? 0));
      if (best !== undefined) print(`${turns} turns`, [`first message ${Math.round(best.firstMessageMs ?? 0)} ms`, `${best.nodes} nodes`, tasks(best.tasks)]);
      await page.unroute(/\?turns=/);
    },
    300_000,
  );

  it.each(ITEMS)("a list of %i items streams", async (items) => stream(`list ${items}`, `list of ${items} items`), 300_000);

  it("code streams", async () => stream(`code ${CODE_LINES}`, `code of ${CODE_LINES} lines`), 300_000);
});

async function stream(message: string, name: string): Promise<void> {
  await page.goto(`${host.url}/projects/${/projects\/([^/]+)/.exec(page.url())?.[1]}`);
  await page.getByLabel("Message", { exact: true }).waitFor();
  await page.evaluate(() => Object.assign(globalThis.figures, { tasks: [], frames: [] }));
  const began = Date.now();
  await ask(page, message);
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await turnEnded(page);
  const took = Date.now() - began;
  await quiet();
  const { tasks: all, frames } = await page.evaluate(() => globalThis.figures);
  const sorted = frames.toSorted((a, b) => a - b);
  const frame = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  print(name, [`${took} ms`, tasks(all), `frames p50 ${frame(0.5)} ms, p95 ${frame(0.95)} ms`]);
}

function tasks(all: readonly number[]): string {
  const sum = all.reduce((total, length) => total + length, 0);
  return `${all.length} long tasks, longest ${Math.round(Math.max(0, ...all))} ms, ${Math.round(sum)} ms in all`;
}

function print(name: string, figures: readonly string[]): void {
  // The runner keeps what goes to the console apart from its own report.
  process.stdout.write(`figures | ${name}: ${figures.join(" · ")}\n`);
}

/** Nothing is left to be drawn. */
async function quiet(): Promise<void> {
  await page.evaluate(() => new Promise<void>((done) => requestIdleCallback(() => done(), { timeout: 5_000 })));
}

interface Figures {
  /** From the beginning of the navigation. */
  firstMessageMs: number | null;
  /** Milliseconds of each task of more than 50. */
  tasks: number[];
  frames: number[];
}

declare global {
  var figures: Figures;
}

/** Runs in the page before anything else of it. */
function watch(): void {
  const figures: Figures = { firstMessageMs: null, tasks: [], frames: [] };
  globalThis.figures = figures;
  new PerformanceObserver((entries) => {
    for (const { duration } of entries.getEntries()) figures.tasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
  let last = performance.now();
  const look = (now: number): void => {
    figures.frames.push(now - last);
    last = now;
    if (figures.firstMessageMs === null && document.querySelector('[role="log"] article p') !== null) figures.firstMessageMs = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
