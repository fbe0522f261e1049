/** Questions before a call runs: all of it is shown, nothing is answered by accident, and an answer means what it says. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, type Step, startModel } from "./support/model";

const ids = Array.from({ length: 40 }, (_, index) => 1_000 + index).join(", ");

/** What the model calls, by the word that the message has. */
const statements: Record<string, readonly string[]> = {
  create: ["CREATE TABLE IF NOT EXISTS main.default.precious AS SELECT 42 AS answer"],
  look: ["SELECT answer FROM main.default.precious"],
  drop: ["DROP TABLE main.default.precious"],
  wide: [`DELETE FROM main.default.precious WHERE answer IN (${ids}) OR answer IS NOT NULL`],
  blanks: [`DELETE FROM main.default.precious WHERE answer = 1${" ".repeat(300)}OR 1 = 1`],
  reordered: ["DROP TABLE main.default.\u202esuoicerp\u202c"],
  long: [`DELETE FROM main.default.precious WHERE answer IN (\n${Array.from({ length: 120 }, (_, line) => `  ${line},`).join("\n")}\n  -1)`],
  grant: ["GRANT SELECT ON TABLE main.default.precious TO `account users`"],
  later: ["DROP TABLE main.default.first", "INSERT INTO main.default.precious VALUES (43)"],
  two: ["DROP TABLE main.default.first", "DROP TABLE main.default.second"],
};

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];
let project: string;

beforeAll(async () => {
  model = await startModel((message, results) => {
    const word = Object.keys(statements).find((each) => message.includes(each));
    const calls = (statements[word ?? ""] ?? []).map((statement): Step => ({ call: "mcp__databricks__execute_sql", input: { statement } }));
    if (message.includes("script")) {
      const script = `SELECT 1;${"\n".repeat(61)}DROP SCHEMA main.nothing CASCADE`;
      calls.push({ call: "mcp__databricks__execute_sql_multi", input: { script } });
    }
    if (message.startsWith("note")) calls.push({ call: "Write", input: { file_path: "PROJECT.md", content: "# Notes\n\nEverything is in main.default.\n" } });
    return results === 0 && calls.length > 0 ? calls : [{ say: "That is settled." }];
  });
  host = await startHost(model.environment);
  browser = await launch();
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Questions");
  project = page.url();
  await ask(page, "create the table");
  await page.getByText("That is settled.").waitFor();
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

const panel = () => page.getByRole("group", { name: "Approval needed" });
const answer = (name: string) => panel().getByRole("button", { name, exact: true });

async function asked(message: string): Promise<void> {
  await page.goto(project);
  await ask(page, message);
  await panel().waitFor();
}

async function declined(): Promise<void> {
  await answer("No").click();
  await turnEnded(page);
}

/** No text of the question is cut: neither at its side nor below. */
async function cut(): Promise<string[]> {
  return panel().evaluate((element) =>
    [...element.querySelectorAll("pre")]
      .filter((text) => text.scrollWidth > text.clientWidth || text.scrollHeight > text.clientHeight)
      .map((text) => text.textContent ?? ""),
  );
}

describe("a question", () => {
  it.each(["wide", "blanks", "script", "reordered"])("hides nothing: %s", async (message) => {
    await asked(`the ${message} one`);
    expect(await cut()).toEqual([]);
    const text = await panel().innerText();
    if (message === "wide") expect(text).toContain("OR answer IS NOT NULL");
    if (message === "blanks") expect(text).toMatch(/␣ × 300\s*OR 1 = 1/);
    if (message === "script") expect(text).toMatch(/⏎ × 60 blank lines\s*DROP SCHEMA main\.nothing CASCADE/);
    if (message === "reordered") expect(text).toContain("⟨U+202E⟩suoicerp⟨U+202C⟩");
    expect(await lookAt(page, `approval-${message}`)).toEqual([]);
    await declined();
  });

  it("says what would be done, and to what", async () => {
    await asked("now drop it");
    const row = panel().getByRole("list", { name: "What it would do" }).getByRole("listitem");
    expect(await row.count()).toBe(1);
    expect(await row.innerText()).toMatch(/Destroys\s+DROP TABLE main\.default\.precious/);
    expect(await answer("Allow DROP TABLE main.default.precious for this conversation").isVisible()).toBe(true);
    await declined();
  });

  it("tells how many rows it would meet, as the workspace has them", async () => {
    await asked("the wide one");
    const met = panel().getByRole("region", { name: "What it would meet now" });
    expect(await met.innerText()).toMatch(/as the tool found it:\s*DELETE FROM main\.default\.precious: the only row/);
    await met.scrollIntoViewIfNeeded();
    expect(await lookAt(page, "approval-met")).toEqual([]);
    await declined();
  });

  it("has a row for each statement of a script, and offers no answer for all of them", async () => {
    await asked("the script one");
    const rows = await panel().getByRole("list", { name: "What it would do" }).getByRole("listitem").allInnerTexts();
    expect(rows.map((row) => row.split("\n")[0])).toEqual(["Reads", "Destroys"]);
    expect(rows[1]).toContain("DROP SCHEMA main.nothing");
    expect(
      await panel()
        .getByRole("button", { name: /for this conversation/ })
        .count(),
    ).toBe(0);
    await declined();
  });

  it("comes before rights are given", async () => {
    await asked("grant it");
    expect(await panel().innerText()).toMatch(/gives others access[\s\S]*Shares\s+GRANT/);
    expect(await lookAt(page, "approval-grant")).toEqual([]);
    await declined();
  });

  it("says which later calls will not run after a no, and a stop ends the turn", async () => {
    await asked("the later ones");
    await panel().getByText("If you say no, a later call of the same message will not run either:").waitFor();
    expect(await panel().innerText()).toContain("INSERT INTO main.default.precious");
    expect(await lookAt(page, "approval-later")).toEqual([]);
    await answer("No, and stop").click();
    await turnEnded(page);
    await page.getByText("You stopped this turn").waitFor();
    expect(await page.getByText("That is settled.").count()).toBe(0);
  });

  it("that is long has to be opened and read before yes", async () => {
    await asked("the long one");
    await page.waitForFunction(() => document.querySelector<HTMLButtonElement>("[data-safe]")?.disabled === false);
    expect(await answer("Run once").isDisabled()).toBe(true);
    expect(await lookAt(page, "approval-long")).toEqual([]);
    await panel()
      .getByRole("button", { name: /^Show all \d+ lines$/ })
      .click();
    expect(await answer("Run once").isDisabled()).toBe(true);
    for (let press = 0; press < 60 && (await answer("Run once").isDisabled()); press += 1) {
      await panel()
        .getByRole("button", { name: "Read on to run it" })
        .click({ timeout: 1_000 })
        .catch(() => undefined);
    }
    expect(await answer("Run once").isEnabled()).toBe(true);
    expect(await cut()).toEqual([]);
    await declined();
  });

  it("survives a reload, and No keeps the table", async () => {
    await asked("now drop it");
    expect(await panel().innerText()).toContain("DROP TABLE main.default.precious");
    await page.reload();
    await panel().waitFor();
    await declined();
    expect(await page.getByRole("button", { name: /Run SQL.*declined/ }).count()).toBe(1);
    expect(await lookAt(page, "declined")).toEqual([]);
    await ask(page, "look at it");
    await page.getByText("42", { exact: true }).first().waitFor();
    await turnEnded(page);
  });

  it("is not answered by what is typed, and takes no focus", async () => {
    await page.goto(project);
    const message = page.getByLabel("Message", { exact: true });
    await ask(page, "drop it, please");
    await message.focus();
    await panel().waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLButtonElement>("[data-safe]")?.disabled === false);
    await page.keyboard.type("yes please ");
    expect(await message.inputValue()).toBe("yes please ");
    expect(await panel().isVisible()).toBe(true);
    expect(
      await page
        .getByRole("status")
        .filter({ hasText: /^Approval needed/ })
        .count(),
    ).toBe(1);
    await message.fill("");
    await declined();
  });

  it("leads to the next one, and the last one to the message", async () => {
    await asked("the two of them");
    expect(await panel().innerText()).toContain("main.default.first");
    await answer("No").click();
    await page.waitForFunction(() => document.activeElement?.tagName === "H2" || document.activeElement?.hasAttribute("data-composer"));
    // The host may ask the second one or end it with the first.
    if (await panel().isVisible()) await answer("No").click();
    await turnEnded(page);
    await page.waitForFunction(() => document.activeElement?.hasAttribute("data-composer"));
  });

  it("answered with yes lets the call run", async () => {
    await asked("now drop it");
    await answer("Run once").click();
    await page.getByText("That is settled.").waitFor();
    await turnEnded(page);
    await ask(page, "look at it");
    await page
      .getByRole("alert")
      .getByText(/TABLE_OR_VIEW_NOT_FOUND/)
      .waitFor();
  });
});

it("nothing went wrong inside the page", () => {
  expect(faults).toEqual([]);
});

describe("the project's notes", () => {
  it("are read once they are there, and the page says so", async () => {
    await page.goto(project);
    await ask(page, "note where things are");
    await turnEnded(page);
    expect(await page.getByText("Read the project's notes,").count()).toBe(0);
    await ask(page, "look at it");
    await turnEnded(page);
    const line = page.getByText("Read the project's notes,");
    await line.waitFor();
    expect(await lookAt(page, "notes-read")).toEqual([]);
    await line.getByRole("link", { name: "PROJECT.md" }).click();
    await page.getByText("Everything is in main.default.").first().waitFor();
    expect(faults).toEqual([]);
  });
});
