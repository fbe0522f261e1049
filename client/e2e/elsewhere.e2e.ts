/** What one sees of a conversation without looking at it, and what stands in it: states, permissions, modes. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, startModel } from "./support/model";

const sql = (statement: string) => ({ call: "mcp__databricks__execute_sql", input: { statement } });

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];
let project: string;

beforeAll(async () => {
  model = await startModel((message, results) => {
    if (message.includes("hold")) return [{ say: "It goes on. " }, { hold: true }, { say: "It is over." }];
    if (message.includes("fail")) return { status: 400, error: "the prompt is too strange" };
    if (message.includes("again")) return results === 0 ? [sql("DROP TABLE IF EXISTS main.default.gone")] : [{ say: "That is settled." }];
    if (message.includes("drop")) return results === 0 ? [sql("DROP TABLE IF EXISTS main.default.gone")] : [{ say: "That is settled." }];
    return [{ say: "Hello." }];
  });
  host = await startHost(model.environment);
  browser = await launch();
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Elsewhere");
  project = page.url();
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

afterEach(() => model.holdAgain());

const panel = () => page.getByRole("group", { name: "Approval needed" });
const list = () => page.getByRole("navigation", { name: "Conversations" });

async function say(message: string): Promise<void> {
  await page.goto(project);
  await ask(page, message);
  await page.getByRole("article", { name: `You asked: ${message}` }).waitFor();
}

/** Looks at something else, inside the page. */
async function lookElsewhere(): Promise<void> {
  // A failed turn may offer one as well.
  await page.getByRole("link", { name: "New conversation" }).first().click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
}

describe("a conversation elsewhere", () => {
  it("that waits says so in the list, in the title and on the project's card", async () => {
    await say("drop it over there");
    await panel().waitFor();
    await lookElsewhere();
    await list()
      .getByRole("link", { name: /drop it over there.*waits for you/s })
      .waitFor();
    await page.waitForFunction(() => document.title.startsWith("(1) "));
    expect(await lookAt(page, "waits-elsewhere")).toEqual([]);
    await page.goto(host.url);
    await page.getByText("1 conversation waits for you").waitFor();
    expect(await lookAt(page, "home-waits")).toEqual([]);
    await page.goBack();
    await list()
      .getByRole("link", { name: /drop it over there/ })
      .click();
    await panel().getByRole("button", { name: "No", exact: true }).click();
    await turnEnded(page);
    await page.waitForFunction(() => !document.title.startsWith("("));
  });

  it("that ended unseen is marked until it is looked at", async () => {
    await say("hold this");
    await page.getByText("It goes on.").waitFor();
    await lookElsewhere();
    await list()
      .getByRole("link", { name: /hold this.*running/s })
      .waitFor();
    model.release();
    const row = list().getByRole("link", { name: /hold this.*done/s });
    await row.waitFor();
    expect(await lookAt(page, "done-elsewhere", "desk")).toEqual([]);
    await row.click();
    await page.getByText("It is over.").waitFor();
    await lookElsewhere();
    await row.waitFor({ state: "detached" });
  });

  it("that failed says so", async () => {
    await say("fail, please");
    await page.getByText("This turn failed").waitFor();
    await lookElsewhere();
    await list()
      .getByRole("link", { name: /fail, please.*failed/s })
      .waitFor();
  });

  it("is the same in two windows, whoever speaks", async () => {
    await say("one");
    await turnEnded(page);
    const other = await openPage(browser, page.url());
    await other.page.getByText("Hello.").waitFor();
    await ask(page, "two");
    await page.getByRole("article", { name: "You asked: two" }).getByText("Hello.").waitFor();
    await ask(other.page, "three");
    for (const window of [page, other.page]) {
      await window.getByRole("article", { name: "You asked: three" }).getByText("Hello.").waitFor();
      const asked = await window.getByRole("article", { name: /^You asked/ }).evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")));
      expect(asked).toEqual(["You asked: one", "You asked: two", "You asked: three"]);
    }
    await other.page.context().close();
  });

  it("that was deleted in another window is gone in this one", async () => {
    await say("to be deleted");
    await turnEnded(page);
    const [, projectId, id] = /projects\/([^/]+)\/c\/([^/?]+)/.exec(page.url()) ?? [];
    const answered = await page.evaluate(
      (path) => fetch(path, { method: "DELETE" }).then((response) => response.status),
      `/api/projects/${projectId}/conversations/${id}`,
    );
    expect(answered).toBeLessThan(300);
    await page.getByText("This conversation does not exist").waitFor();
  });
});

describe("a permission that stands", () => {
  it("covers what it names, is listed, and can be taken back", async () => {
    await say("drop it");
    await panel().getByRole("button", { name: "Allow DROP TABLE main.default.gone for this conversation" }).click();
    await page.getByText("That is settled.").waitFor();
    const chip = page.getByRole("button", { name: "1 standing permission" });
    await chip.waitFor();
    await ask(page, "and again");
    await page.getByText("That is settled.").nth(1).waitFor();
    await turnEnded(page);
    await chip.click();
    const listed = page.getByRole("dialog", { name: "Standing permissions" });
    expect(await listed.innerText()).toContain("DROP TABLE main.default.gone");
    expect(await lookAt(page, "standing")).toEqual([]);
    await listed.getByRole("button", { name: /^Take back/ }).click();
    await chip.waitFor({ state: "detached" });
    await ask(page, "once again");
    await panel().waitFor();
    await panel().getByRole("button", { name: "No", exact: true }).click();
    await turnEnded(page);
  });
});

describe("a mode", () => {
  it("is chosen in the composer, and read only refuses without a question", async () => {
    await page.goto(project);
    await page.getByLabel("Permission mode").selectOption({ label: "Read only" });
    expect(await lookAt(page, "mode")).toEqual([]);
    await ask(page, "drop it now");
    await page.getByRole("article", { name: "Run SQL: not run" }).waitFor();
    await turnEnded(page);
    expect(await panel().count()).toBe(0);
    await page.reload();
    await page.waitForFunction(() => [...document.querySelectorAll("select")].some((select) => select.value === "read_only"));
  });

  it("that asks nothing is not taken over by a new conversation", async () => {
    await page.goto(project);
    await page.getByLabel("Permission mode").selectOption({ label: "Run all" });
    await ask(page, "drop it unasked");
    await page.getByText("That is settled.").waitFor();
    await page.goto(project);
    await page.waitForFunction(() => [...document.querySelectorAll("select")].some((select) => select.value === "ask"));
  });
});

it("nothing went wrong inside the page", () => {
  expect(faults).toEqual([]);
});
