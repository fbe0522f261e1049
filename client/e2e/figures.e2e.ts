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
import { playResult } from "./support/results";

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

  it.each([100_000, 1_000_000])(
    "a result of %i rows and 60 columns opens and scrolls",
    async (rows) => {
      const id = `0194f3a2-0000-7000-8000-${String(rows).padStart(12, "0")}`;
      await playResult(page, { id, rows, columns: 60 });
      const here = page.url().split("?")[0] ?? "";
      const opened: { atOnce: number | undefined; first: number | undefined; again: number | undefined }[] = [];
      for (let time = 0; time < REPEATS; time += 1) {
        // Before anybody could have pressed anything, its code is not here yet.
        await page.goto(here);
        await page.getByLabel("Message", { exact: true }).waitFor();
        const [atOnce] = await page.evaluate(openTwice, `${here}?result=${id}`);
        await page.goto(here);
        await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("ResultPanel")));
        await quiet();
        const [first, again] = await page.evaluate(openTwice, `${here}?result=${id}`);
        opened.push({ atOnce, first, again });
      }
      const grid = page.getByRole("grid");
      await grid.hover();
      await page.evaluate(() => Object.assign(globalThis.figures, { tasks: [], frames: [] }));
      for (let step = 0; step < 120; step += 1) await page.mouse.wheel(0, 240);
      const down = await page.evaluate(() => ({ ...globalThis.figures }));
      await page.evaluate(() => Object.assign(globalThis.figures, { tasks: [], frames: [] }));
      for (let step = 0; step < 40; step += 1) await page.mouse.wheel(300, 0);
      const sideways = await page.evaluate(() => ({ ...globalThis.figures }));
      const jumps = await page.evaluate(jump, 20);
      const best = (key: "atOnce" | "first" | "again"): number => Math.round(Math.min(...opened.map((one) => one[key] ?? 0)));
      print(`result of ${rows} rows`, [
        `first rows ${best("first")} ms, of the next one ${best("again")} ms, while the page still loads ${best("atOnce")} ms`,
        `down ${frames(down.frames)}, ${tasks(down.tasks)}`,
        `sideways ${frames(sideways.frames)}`,
        `a far jump shows its rows after ${jumps} ms (median)`,
      ]);
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
  const { tasks: all, frames: seen } = await page.evaluate(() => globalThis.figures);
  print(name, [`${took} ms`, tasks(all), frames(seen)]);
}

function frames(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  const frame = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return `frames p50 ${frame(0.5)} ms, p95 ${frame(0.95)} ms`;
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

/** Runs in the page: opens a result as a link does, closes it and opens it again; milliseconds until its rows are drawn. */
async function openTwice(address: string): Promise<number[]> {
  const took: number[] = [];
  for (const to of [address, location.pathname, address]) {
    const began = performance.now();
    history.pushState(null, "", to);
    dispatchEvent(new Event("bricklayer:navigated"));
    if (to !== address) {
      while (document.querySelector('[role="grid"]') !== null) await new Promise(requestAnimationFrame);
      continue;
    }
    while (!/\d{4}/.test(document.querySelector('[role="gridcell"][data-row="1"]')?.textContent ?? "")) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - began);
  }
  return took;
}

/** Runs in the page: drags the bar to so many places; the median of milliseconds until the rows there are drawn. */
async function jump(places: number): Promise<number> {
  const grid = document.querySelector('[role="grid"]');
  if (grid === null) return 0;
  const took: number[] = [];
  for (let place = 1; place <= places; place += 1) {
    const began = performance.now();
    grid.scrollTop = (grid.scrollHeight / places) * ((place * 7) % places);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    while (grid.querySelector('[role="gridcell"]:empty, [role="gridcell"] > span:empty') !== null) await new Promise(requestAnimationFrame);
    took.push(performance.now() - began);
  }
  return Math.round(took.toSorted((a, b) => a - b)[Math.floor(places / 2)] ?? 0);
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
