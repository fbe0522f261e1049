/** A result of many rows from the statement to the file on the disk, its chart, and what an answer says of it: nothing is played. */
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { type Model, startModel } from "./support/model";

const ROWS = 20_000;
/** One row is another each time. */
const statement = `SELECT id, id * 1.25 AS price, concat('part ', id % 7) AS part, CASE WHEN id = 7 THEN cast(uuid() AS string) ELSE 'same' END AS mark FROM range(${ROWS}) ORDER BY id`;

let model: Model;
let host: Host;
let browser: Browser;
let page: Page;
let faults: string[];
/** The id of the result. */
let kept: string;

beforeAll(async () => {
  model = await startModel((message, results) => {
    const [, id] = /([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})/.exec(message) ?? [];
    if (message.startsWith("draw") && results === 0) {
      const chart = { result: id, kind: "bar", title: "Price by part", x: { column: "part" }, y: [{ column: "price", aggregate: "sum" }] };
      return [{ call: "make_chart", input: chart }];
    }
    if (message.startsWith("plan") && results === 0) {
      const todos = [
        { content: "Read the table", status: "completed", activeForm: "Reading the table" },
        { content: "Profile its columns", status: "in_progress", activeForm: "Profiling its columns" },
        { content: "Write the report", status: "pending", activeForm: "Writing the report" },
      ];
      return [{ call: "TodoWrite", input: { todos } }];
    }
    if (message.startsWith("design")) {
      const plan = `## A report of the orders\n\n1. Make the table \`main.default.report\`\n2. Write **report.md**\n\n| step | changes |\n|---|---|\n| 1 | one table |\n| 2 | one file |`;
      if (results === 0) return [{ call: "EnterPlanMode", input: {} }];
      if (results < 3) return [{ call: "ExitPlanMode", input: { plan } }];
    }
    if (message.startsWith("wonder") && results === 0) {
      const options = [
        { label: "orders", description: "All orders since 2019, one row each." },
        { label: "order_items", description: "" },
      ];
      const questions = [
        { header: "Table", question: "Which table holds the orders?", options },
        {
          header: "Columns",
          question: "What should the report show?",
          options: ["Totals", "Trends", "Outliers"].map((label) => ({ label })),
          multiSelect: true,
        },
      ];
      return [{ call: "AskUserQuestion", input: { questions } }];
    }
    if (message.startsWith("tell")) return [{ say: `Row [1,235](result:${id}/1234/price) costs 1,542.5 and not 77,777,777.` }];
    if (message.startsWith("query") && results === 0) return [{ call: "mcp__databricks__execute_sql", input: { statement } }];
    return [{ say: "That is all of it." }];
  });
  [host, browser] = await Promise.all([startHost(model.environment), launch()]);
  ({ page, faults } = await openPage(browser, host.url));
  await createProject(page, "Kept");
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await model?.stop();
});

const panel = () => page.getByRole("complementary", { name: /^Result: / });
const grid = () => panel().getByRole("grid");
const rowAt = (number: string) =>
  grid()
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: number, exact: true }) });

describe("a list of what is to be done", () => {
  it("stands above the message with what is under way, and opens", async () => {
    await ask(page, "plan it");
    await turnEnded(page);
    const todos = page.getByRole("region", { name: "To do" });
    await todos.getByText("Profiling its columns").waitFor();
    await todos.getByRole("button", { name: /1 of 3 done/ }).click();
    await todos.getByText("Write the report").waitFor();
    await page.getByRole("button", { name: /Update to-do list/ }).click();
    await page.getByText("Ran without a question: the conversation’s mode does not ask about it.").waitFor();
    expect(await lookAt(page, "todos")).toEqual([]);
    await todos.getByRole("button", { name: /1 of 3 done/ }).click();
  });
});

describe("questions of the agent", () => {
  it("are answered by choice and in words, and survive a reload", async () => {
    await ask(page, "wonder about it");
    const panel = page.getByRole("group", { name: "Questions" });
    await panel.getByRole("radio", { name: /^orders/ }).waitFor();
    expect(await lookAt(page, "questions")).toEqual([]);
    await page.reload();
    await panel.getByRole("radio", { name: /^orders/ }).check();
    await panel.getByRole("checkbox", { name: "Totals" }).check();
    await panel.getByRole("checkbox", { name: "Outliers" }).check();
    await panel.getByRole("textbox", { name: "Your own answer: Columns" }).fill("and by region");
    await panel.getByRole("button", { name: "Send answers" }).click();
    await turnEnded(page);
    await page.getByRole("button", { name: /Ask you/ }).click();
    await page.getByText(/What should the report show\? Totals; Outliers; in their words: and by region/).waitFor();
  });
});

const last = () => page.getByRole("article", { name: /^You asked/ }).last();
const versions = () => last().getByRole("group", { name: "Versions of this message" });

describe("versions of a message", () => {
  it("come from an edit and from another answer, and all of them stay", async () => {
    await ask(page, "name it red");
    await turnEnded(page);
    await last().getByRole("button", { name: "Edit message" }).click();
    const field = page.getByRole("textbox", { name: "Edited message" });
    expect(await lookAt(page, "message-editor")).toEqual([]);
    await field.press("Escape");
    await last().getByRole("button", { name: "Edit message" }).click();
    await field.fill("name it blue");
    await field.press("Enter");
    await versions().getByText("2 / 2").waitFor();
    await turnEnded(page);
    await last().getByRole("button", { name: "Answer again" }).click();
    await versions().getByText("3 / 3").waitFor();
    await turnEnded(page);
    expect(await lookAt(page, "versions")).toEqual([]);
    await versions().getByRole("button", { name: "Earlier version" }).click();
    await versions().getByText("2 / 3").waitFor();
    await versions().getByRole("button", { name: "Earlier version" }).click();
    await last().getByText("name it red").waitFor();
    expect(await versions().getByRole("button", { name: "Earlier version" }).isDisabled()).toBe(true);
    // What is said next goes on with the one on screen, and is what a reload shows.
    await ask(page, "go on with red");
    await turnEnded(page);
    await page.reload();
    await last().getByText("go on with red").waitFor();
    await page
      .getByRole("article", { name: /name it red/ })
      .getByText("1 / 3")
      .waitFor();
    expect(await page.getByRole("article", { name: /name it blue/ }).count()).toBe(0);
  });
});

describe("a plan of the agent", () => {
  it("is asked for, goes back with words, and is taken with a mode that the next message has", async () => {
    await ask(page, "design it");
    const first = page.getByRole("group", { name: "Plan first" });
    await first.getByRole("button", { name: "Plan first" }).waitFor();
    expect(await lookAt(page, "plan-first")).toEqual([]);
    await first.getByRole("button", { name: "Plan first" }).click();
    const plan = page.getByRole("group", { name: "Plan", exact: true });
    await plan.getByRole("heading", { name: "A report of the orders" }).waitFor();
    expect(await lookAt(page, "plan")).toEqual([]);
    await plan.getByRole("textbox", { name: "What you want to say with your answer" }).fill("And a chart");
    await plan.getByRole("button", { name: "Keep planning" }).click();
    await plan.getByRole("radio", { name: /^Ask before destroying/ }).check();
    expect(await page.getByRole("combobox", { name: "Permission mode" }).inputValue()).toBe("read_only");
    await plan.getByRole("button", { name: "Take the plan" }).click();
    await turnEnded(page);
    expect(await page.getByRole("combobox", { name: "Permission mode" }).inputValue()).toBe("ask");
  });
});

describe("a result of many rows", () => {
  it("is in the thread with its first rows, and whole beside it", async () => {
    await ask(page, "query it");
    await turnEnded(page);
    const preview = page.getByRole("group", { name: /^Beginning of the result of/ });
    await preview.getByRole("cell", { name: "part 3" }).first().waitFor();
    expect(await lookAt(page, "kept-preview")).toEqual([]);
    await page.getByRole("button", { name: "Open all" }).click();
    await rowAt("1").waitFor();
    expect(await grid().getAttribute("aria-rowcount")).toBe(String(ROWS + 1));
    [, kept = ""] = /result=([\da-f-]+)/.exec(page.url()) ?? [];
  });

  it("is sorted and filtered by the host", async () => {
    await panel().getByRole("button", { name: /^id/ }).click();
    await panel().getByRole("button", { name: /^id/ }).click();
    await rowAt("20,000").waitFor();
    await panel()
      .getByRole("button", { name: /^Column part/ })
      .click();
    const menu = page.getByRole("dialog", { name: "Column part" });
    await menu.getByRole("checkbox", { name: /part 3/ }).check();
    await page.keyboard.press("Escape");
    await panel().getByText("2,857 of 20,000 rows").waitFor();
  });

  it("is downloaded as it is shown, and whole", async () => {
    await panel()
      .getByRole("button", { name: /^Download/ })
      .click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: /CSV/ }).first().click()]);
    const lines = readFileSync(await download.path(), "utf8")
      .trimEnd()
      .split("\r\n");
    expect(lines[0]).toBe("id,price,part,mark");
    expect(lines.length).toBe(2_857 + 1);
    const whole = await (await page.request.get(`${host.url}/api/results/${kept}/download?format=csv`)).text();
    expect(whole.trimEnd().split("\r\n").length).toBe(ROWS + 1);
    expect(whole).toContain("\r\n1234,1542.50,part 2,same\r\n");
  });

  it("is run again, and what changed is told", async () => {
    await panel().getByRole("tab", { name: "Where this comes from" }).click();
    await panel().getByText("FROM range(20000)").first().waitFor();
    await panel().getByRole("button", { name: "Run again" }).click();
    await panel().getByText("20,000 rows before, 20,000 now: 19,999 the same, 1 added, 1 gone.").waitFor();
    expect(await lookAt(page, "kept-changes")).toEqual([]);
    await turnEnded(page);
  });
});

describe("what is said of a result", () => {
  it("leads to its place, and a number that is nowhere is marked", async () => {
    await panel().getByRole("button", { name: "Close the result" }).click();
    await ask(page, `tell of ${kept}`);
    await turnEnded(page);
    const answer = page.getByRole("article", { name: /^You asked/ }).last();
    await answer.getByRole("note", { name: /^77,777,777\./ }).waitFor();
    expect(await answer.getByRole("note", { name: /^1,542\.5/ }).count()).toBe(0);
    expect(await lookAt(page, "kept-answer")).toEqual([]);
    await answer.getByRole("link", { name: "1,235" }).click();
    await rowAt("1,235").waitFor();
    await panel().getByRole("gridcell", { name: "1542.50" }).waitFor();
    await panel().getByRole("button", { name: "Close the result" }).click();
  });

  it("is drawn where the agent makes a chart", async () => {
    await ask(page, `draw ${kept}`);
    await turnEnded(page);
    await page.getByRole("img", { name: "Price by part" }).waitFor();
    expect(await lookAt(page, "kept-chart")).toEqual([]);
  });

  it("met no fault on the way", () => {
    expect(faults).toEqual([]);
  });
});
