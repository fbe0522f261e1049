/** How much the model reads and what it cost, from the page; and a budget that is used up. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, startModel } from "./support/model";

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  model = await startModel((message, results) => {
    if (message.startsWith("count") && results === 0) return [{ call: "Glob", input: { pattern: "*" } }];
    return [{ say: "There is nothing here yet." }];
  });
  // A call of the scripted model costs ten cents.
  const spending = { BRICKLAYER_MODEL_PRICES: "scripted 10000 0", BRICKLAYER_CONVERSATION_USD: "0.3" };
  [host, browser] = await Promise.all([startHost({ ...model.environment, ...spending }), launch()]);
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Counted");
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

const meter = () => page.getByRole("button", { name: /^Context: \d+ % full/ });

describe("the meter of a conversation", () => {
  it("is not there before anything was read", async () => {
    expect(await page.getByRole("button", { name: /^Context:/ }).count()).toBe(0);
  });

  it("says what the model reads and what it cost", async () => {
    await ask(page, "count the files");
    await turnEnded(page);
    await page.getByText(/2 steps · .* tokens · \$0\.20/).waitFor();
    await meter().click();
    const box = page.getByRole("dialog", { name: "Context and cost" });
    for (const text of ["Instructions", "Tools", "Messages", "Results", "scripted", "2 calls", "This conversation: $0.20 of $0.30"]) {
      await box.getByText(text, { exact: false }).first().waitFor();
    }
    expect(await lookAt(page, "context-meter")).toEqual([]);
    await page.keyboard.press("Escape");
  });

  it("refuses what its budget does not cover, and says how to go on", async () => {
    await ask(page, "count the files");
    await page.getByText("This conversation cost $0.30 and may cost $0.30", { exact: false }).first().waitFor();
    expect(await lookAt(page, "budget-used-up")).toEqual([]);
    expect(faults).toEqual([]);
  });
});
