/** A turn that streams, with a scripted model that the test holds in the middle: reload, cut, stop, errors. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, lastAnswer, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Cuttable, cuttable } from "./support/cuttable";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, startModel } from "./support/model";

const first = "The first half, with an umlaut ü and a brick 🧱, is here. ";
const second = "And this is the second half.";

let failures = 0;

let model: Model;
let host: Host;
let way: Cuttable;
let browser: Browser;
let page: Page;
let faults: string[];
let project: string;

beforeAll(async () => {
  model = await startModel((message, results) => {
    if (message.includes("in two halves")) return [{ think: "Two halves, then." }, { say: first }, { hold: true }, { say: second }];
    if (message.includes("slow statement")) {
      const statement =
        "SELECT count(*) AS n FROM samples.nyctaxi.trips a CROSS JOIN samples.nyctaxi.trips b CROSS JOIN samples.nyctaxi.trips c WHERE a.fare_amount + b.fare_amount > c.fare_amount";
      return results === 0 ? [{ say: "This will take long." }, { call: "mcp__databricks__execute_sql", input: { statement } }] : [{ say: "Done." }];
    }
    if (message.includes("fail once")) {
      failures += 1;
      return failures === 1 ? { status: 403, error: "this model is not for you" } : [{ say: "Now it works." }];
    }
    if (message.includes("bad table")) {
      return results === 0
        ? [{ call: "mcp__databricks__execute_sql", input: { statement: "SELECT * FROM samples.nyctaxi.tripz" } }]
        : [{ say: "There is no such table." }];
    }
    return [{ say: "Hello." }];
  });
  host = await startHost(model.environment);
  way = await cuttable(host.url);
  browser = await launch();
  ({ page, faults } = await openPage(browser, way.url));
  await createProject(page, "Streams");
  project = page.url();
});

afterAll(async () => {
  await browser?.close();
  await way?.stop();
  await host?.stop();
  await model?.stop();
});

afterEach(() => model.holdAgain());

async function startHalves(): Promise<void> {
  await page.goto(project);
  await ask(page, "Answer in two halves");
  await page.getByText("a brick 🧱, is here.").waitFor();
}

async function expectWhole(on: Page): Promise<void> {
  await on.getByText(second).waitFor();
  await turnEnded(on);
  const text = await lastAnswer(on);
  expect(text.split("The first half")).toHaveLength(2);
  expect(text).toContain(first + second);
}

describe("a turn in the middle", () => {
  it("is there again after a reload, and goes on", async () => {
    await startHalves();
    await page.reload();
    await page.getByText("a brick 🧱, is here.").waitFor();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    expect(await lookAt(page, "streaming")).toEqual([]);
    model.release();
    await expectWhole(page);
    await page.reload();
    await page.getByText(second).waitFor();
    await expectWhole(page);
  });

  it("survives a cut connection without loss or repetition, and says so", async () => {
    await startHalves();
    way.cut();
    await page.getByText(/Connection lost/).waitFor();
    expect(await lookAt(page, "connection-lost")).toEqual([]);
    model.release();
    way.mend();
    await page
      .getByRole("button", { name: "Reconnect now" })
      .click({ timeout: 3_000 })
      .catch(() => undefined);
    await expectWhole(page);
    expect(await page.getByText(/Connection lost/).count()).toBe(0);
  });

  it("is the same in two windows", async () => {
    await startHalves();
    const other = await openPage(browser, page.url());
    await other.page.getByText("a brick 🧱, is here.").waitFor();
    model.release();
    await expectWhole(page);
    await expectWhole(other.page);
    await other.page.context().close();
  });

  it("takes messages for later, which can be changed and dropped, and sends them in their order", async () => {
    await startHalves();
    const message = page.getByLabel("Message", { exact: true });
    for (const text of ["One more thing", "Never mind this", "And the last"]) {
      await message.fill(text);
      await page.getByText("Enter sends it after this turn").waitFor();
      await page.keyboard.press("Enter");
    }
    const queue = page.getByRole("region", { name: "Messages that wait" });
    await queue.getByText("3 messages to be sent after this turn").waitFor();
    expect(await lookAt(page, "queue")).toEqual([]);
    await queue.getByRole("button", { name: "Drop: Never mind this" }).click();
    await queue.getByRole("button", { name: "Edit: And the last" }).click();
    expect(await message.inputValue()).toBe("And the last");
    await message.fill("And the very last");
    await page.keyboard.press("Enter");
    await page.reload();
    await queue.getByText("2 messages to be sent after this turn").waitFor();
    model.release();
    const asked = page.getByRole("article", { name: /^You asked/ });
    await asked.nth(2).getByText("Hello.").waitFor();
    await turnEnded(page);
    expect(await asked.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")))).toEqual([
      "You asked: Answer in two halves",
      "You asked: One more thing",
      "You asked: And the very last",
    ]);
    expect(await queue.count()).toBe(0);
  });

  it("refuses the message of a window that has not heard of it, and keeps its text", async () => {
    await startHalves();
    const other = await openPage(browser, project);
    const busy = { type: "https://bricklayer.dev/problems/turn-in-progress", title: "A turn runs", detail: "A turn is running.", status: 409 };
    await other.page.route("**/api/invoke_agent", (route) => route.fulfill({ status: 409, contentType: "application/problem+json", json: busy }));
    await ask(other.page, "Me too");
    await other.page.getByText("A turn is still running here").waitFor();
    expect(await other.page.getByLabel("Message", { exact: true }).inputValue()).toBe("Me too");
    expect(await lookAt(other.page, "refused")).toEqual([]);
    await other.page.context().close();
    model.release();
    await expectWhole(page);
  });

  it("says aloud how the answer begins", async () => {
    await startHalves();
    model.release();
    await expectWhole(page);
    await page.getByRole("status", { name: "What happens" }).getByText("Answer ready: The first half, with an umlaut ü and a brick 🧱, is here").waitFor();
  });

  it("is seen in more windows than the browser has connections", async () => {
    await startHalves();
    const windows: Page[] = [];
    for (let count = 0; count < 8; count += 1) {
      const window = await page.context().newPage();
      await window.goto(page.url());
      await window.getByText("a brick 🧱, is here.").waitFor();
      windows.push(window);
    }
    model.release();
    for (const window of windows) await expectWhole(window);
    for (const window of windows) await window.close();
  });
});

describe("stop", () => {
  it("shows at once, keeps what was said, and ends the turn", async () => {
    await startHalves();
    // Measured in the page: from the press to what the eye sees.
    const feedbackMs = await page.evaluate(async () => {
      const button = document.querySelector<HTMLButtonElement>('button[aria-label="Stop"]');
      const began = performance.now();
      button?.click();
      while (document.querySelector('button[aria-label="Stopping"]') === null && performance.now() - began < 2_000) {
        if (document.querySelector('button[aria-label="Send"]') !== null) break;
        await new Promise((next) => setTimeout(next, 1));
      }
      return performance.now() - began;
    });
    expect(feedbackMs).toBeLessThan(100);
    await turnEnded(page);
    await page.getByText("You stopped this turn").waitFor();
    expect(await lastAnswer(page)).toContain("The first half");
    expect(await lookAt(page, "stopped")).toEqual([]);
    await page.reload();
    await page.getByText("You stopped this turn").waitFor();
    expect(await lastAnswer(page)).toContain("The first half");
  });

  it("ends a statement that runs", async () => {
    await page.goto(project);
    await ask(page, "Run a slow statement");
    await page.getByRole("article", { name: "Run SQL: running" }).waitFor();
    expect(await lookAt(page, "running-tool")).toEqual([]);
    await page.getByLabel("Message", { exact: true }).focus();
    await page.keyboard.press("Escape");
    await page.getByText("Press Esc again to stop").waitFor();
    await page.keyboard.press("Escape");
    await turnEnded(page);
    await page.getByText("You stopped this turn").waitFor();
    expect(await page.getByRole("article", { name: "Run SQL: running" }).count()).toBe(0);
  });
});

describe("errors", () => {
  it("of the model are said, and a press tries again", async () => {
    await page.goto(project);
    await ask(page, "Please fail once");
    await page.getByText("This turn failed").waitFor();
    expect(await lookAt(page, "turn-failed")).toEqual([]);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Now it works.").waitFor();
  });

  it("of a statement are shown in its card", async () => {
    await page.goto(project);
    await ask(page, "Read a bad table");
    await page
      .getByRole("alert")
      .getByText(/TABLE_OR_VIEW_NOT_FOUND/)
      .waitFor();
    await turnEnded(page);
    expect(await lookAt(page, "tool-failed")).toEqual([]);
  });

  it("of the way to the server keep the message, and a press sends it", async () => {
    await page.goto(project);
    await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
    way.cut();
    await ask(page, "Good morning");
    await page.getByText("Your message was not sent").waitFor();
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("Good morning");
    expect(await lookAt(page, "not-sent")).toEqual([]);
    way.mend();
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("Hello.").waitFor();
  });
});

describe("the model", () => {
  it("is chosen for a conversation, which keeps it", async () => {
    await page.goto(project);
    await page.getByRole("button", { name: "Model: scripted", exact: true }).click();
    await page.getByRole("radio", { name: "scripted default" }).waitFor();
    expect(await lookAt(page, "models")).toEqual([]);
    await page.getByRole("radio", { name: "scripted default" }).press("ArrowDown");
    await page.getByRole("button", { name: "Done" }).press("Enter");
    await ask(page, "Good evening");
    await turnEnded(page);
    await page.reload();
    await page.getByRole("button", { name: "Model: Scripted, small" }).waitFor();
  });
});

it("nothing went wrong inside the page", () => {
  expect(faults).toEqual([]);
});
