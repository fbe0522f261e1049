/** Subagents from the page: their work inside the card of their call, and their questions. */
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

const task = (subagent: string, description: string, prompt: string) => ({
  call: "Task",
  input: { subagent_type: subagent, description, prompt },
});

beforeAll(async () => {
  model = await startModel((message, results) => {
    if (message.startsWith("find out") && results === 0) {
      return [
        { say: "I have two of them look." },
        task("data-explorer", "count the trips", "count: how many trips are there?"),
        task("bundle-specialist", "write the note", "write: note.md with what you know"),
      ];
    }
    if (message.startsWith("count")) {
      const statement = "SELECT count(*) AS trips FROM samples.nyctaxi.trips";
      if (results === 0) return [{ say: "First the table." }, { call: "Glob", input: { pattern: "*.md" } }];
      if (results === 1) return [{ call: "mcp__databricks__execute_sql", input: { statement } }];
      return [{ hold: true }, { say: "There are **many trips**, counted in `samples.nyctaxi.trips`." }];
    }
    if (message.startsWith("write")) {
      if (results === 0) return [{ call: "Write", input: { file_path: "note.md", content: "Many trips.\n" } }];
      return [{ say: "The note is written." }];
    }
    return [{ say: "Both have reported." }];
  });
  [host, browser] = await Promise.all([startHost(model.environment), launch()]);
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Delegated");
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

const card = (detail: string) => page.getByRole("article", { name: /^Ask subagent/ }).filter({ hasText: detail });

describe("a subagent", () => {
  it("shows what it does while it does it", async () => {
    model.holdAgain();
    await page.getByRole("combobox", { name: "Permission mode" }).selectOption("ask_changes");
    await ask(page, "find out about trips");
    const work = card("count the trips").getByRole("button", { name: /calls · Run SQL/ });
    await work.waitFor();
    await work.click();
    await card("count the trips").getByText("how many trips are there?").waitFor();
    expect(await lookAt(page, "subagent-works")).toEqual([]);
    model.release();
  });

  it("asks in the one place for questions, and says which it is", async () => {
    const panel = page.getByRole("group", { name: "Approval needed" });
    await panel.getByText("A subagent asks: bundle-specialist write the note").waitFor();
    expect(await lookAt(page, "subagent-asks")).toEqual([]);
    // Whoever comes anew is asked as well.
    await page.reload();
    await panel.getByText("A subagent asks: bundle-specialist write the note").waitFor();
    await panel.getByRole("button", { name: "Run once" }).click();
    await turnEnded(page);
  });

  it("is there with all it did when the page is opened again", async () => {
    await page.reload();
    const work = card("count the trips").getByRole("button", { name: "Its work: 2 calls" });
    await work.waitFor();
    await work.click();
    await card("count the trips").getByText("counted in").first().waitFor();
    await card("count the trips")
      .getByRole("article", { name: /^Run SQL/ })
      .waitFor();
    expect(await lookAt(page, "subagent-done")).toEqual([]);
    expect(faults).toEqual([]);
  });
});
