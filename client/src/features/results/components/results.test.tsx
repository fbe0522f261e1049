import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { resultRefs } from "@/api/resultRef";
import type { ResultInfo } from "@/api/types";
import { Markdown, markdown } from "@/shared/markdown/Markdown";
import { ResultLinks } from "@/shared/markdown/resultLinks";
import { ID, host, info, navigation, rows, show } from "../testing/support";
import { ResultLink } from "./ResultLink";
import { ResultPanel } from "./ResultPanel";
import { ResultsInThread } from "./ResultsInThread";

afterEach(() => vi.unstubAllGlobals());

const nothing = (): void => undefined;

function panel(place: { row: number | null; column: string | null } = { row: null, column: null }): void {
  show(<ResultPanel place={{ id: ID, ...place }} full={false} onFull={nothing} onOpen={nothing} onBegun={nothing} onClose={nothing} />);
}

const grid = (): Promise<HTMLElement> => screen.findByRole("grid");
const cells = async (): Promise<(string | null)[]> =>
  within(await grid())
    .getAllByRole("gridcell")
    .map((cell) => cell.textContent);

describe("a table", () => {
  it("shows exact numbers, and tells NULL from empty text", async () => {
    host({});
    panel();
    await waitFor(async () => expect(await cells()).toContain("9007199254740993"));
    expect((await cells()).slice(0, 5)).toEqual(["9007199254740993", "empty", "[9007199254740993]", "2", "NULL"]);
    expect((await grid()).getAttribute("aria-rowcount")).toBe("4");
    expect((await grid()).getAttribute("aria-colcount")).toBe("4");
    expect(screen.getByText("3 rows")).toBeTruthy();
    expect(screen.getAllByText("bigint")).toHaveLength(1);
  });

  it("is sorted by the host, by pointer and by keys", async () => {
    const asked = host({});
    panel();
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: /^id/ }));
    await waitFor(() => expect(asked.some((url) => url.searchParams.get("sort") === "0:asc")).toBe(true));
    expect(screen.getByRole("columnheader", { name: /^id/ }).getAttribute("aria-sort")).toBe("ascending");
    (await grid()).focus();
    await user.keyboard("{ArrowUp}{ArrowRight}{Shift>}{Enter}{/Shift}");
    await waitFor(() => expect(asked.some((url) => url.searchParams.get("sort") === "0:asc,1:asc")).toBe(true));
  });

  it("is filtered by chosen values, and says by what", async () => {
    const asked = host({});
    panel();
    const user = userEvent.setup();
    (await grid()).focus();
    await user.keyboard("{ArrowUp}{ArrowRight}{Alt>}{ArrowDown}{/Alt}");
    const menu = await screen.findByRole("dialog", { name: "Column name" });
    await user.click(await within(menu).findByRole("checkbox", { name: /NULL/ }));
    await waitFor(() => expect(asked.some((url) => url.searchParams.get("filter") === '{"column":1,"op":"is_null"}')).toBe(true));
    await user.keyboard("{Escape}");
    expect(document.activeElement).toBe(await grid());
    const chips = screen.getByRole("list", { name: "Filters" });
    expect(chips.textContent).toContain("name is NULL");
    await user.click(within(chips).getByRole("button", { name: "Remove the filter of name" }));
    expect(screen.queryByRole("list", { name: "Filters" })).toBeNull();
  });

  it("is copied as it stands, as what is asked for", async () => {
    host({});
    const user = userEvent.setup();
    panel();
    await waitFor(async () => expect(await cells()).toContain("Ada"));
    (await grid()).focus();
    await user.keyboard("{ArrowDown}{Shift>}{ArrowDown}{ArrowRight}{/Shift}{Control>}c{/Control}");
    await waitFor(async () => expect(await navigator.clipboard.readText()).toBe("9007199254740993\t\n2\t"));
    await user.click(screen.getByRole("button", { name: "Copy" }));
    await user.click(await screen.findByRole("menuitem", { name: /SQL values/ }));
    await waitFor(async () => expect(await navigator.clipboard.readText()).toBe("(9007199254740993, ''),\n(2, NULL)"));
  });

  it("opens a cell whole, nested values as a tree", async () => {
    host({});
    const user = userEvent.setup();
    panel();
    await waitFor(async () => expect(await cells()).toContain("Ada"));
    (await grid()).focus();
    await user.keyboard("{ArrowDown}{ArrowRight}{ArrowRight}{Enter}");
    const value = await screen.findByRole("dialog", { name: "tags, row 1" });
    expect(within(value).getByText("9007199254740993")).toBeTruthy();
    await user.click(within(value).getByRole("button", { name: "As text" }));
    expect(within(value).getByText("[9007199254740993]")).toBeTruthy();
  });

  it("fetches a long value when it is opened", async () => {
    const cut = {
      offset: 0,
      total: 1,
      next: null,
      columns: [0, 1, 2],
      row_numbers: [41],
      rows: [["1", "begin", null]],
      cut: [{ row: 0, column: 1, bytes: 9_000 }],
    };
    const asked = host({ "/rows": () => ({ json: cut }), "/cells/41/1": () => ({ text: "begin and end" }) }, { ...info, rows: 1 });
    const user = userEvent.setup();
    panel();
    await waitFor(async () => expect(await cells()).toContain("begin"));
    (await grid()).focus();
    await user.keyboard("{ArrowDown}{ArrowRight}{Enter}");
    expect(await screen.findByText("begin and end")).toBeTruthy();
    expect(asked.at(-1)?.pathname).toBe(`/api/results/${ID}/cells/41/1`);
  });

  it("hides, pins and moves columns", async () => {
    host({});
    const user = userEvent.setup();
    panel();
    await waitFor(async () => expect(await cells()).toContain("Ada"));
    const names = (): (string | null)[] => screen.getAllByRole("columnheader").map((header) => header.querySelector("button")?.textContent ?? null);
    await user.click(screen.getByRole("button", { name: /Column tags/ }));
    await user.click(await screen.findByRole("button", { name: "Pin" }));
    expect(names().slice(1)).toEqual(["tagsarray<bigint>", "idbigint", "namestring"]);
    await user.click(screen.getByRole("button", { name: "Hide" }));
    expect(names().slice(1)).toEqual(["idbigint", "namestring"]);
    (await grid()).focus();
    await user.keyboard("{ArrowUp}{Alt>}{ArrowRight}{/Alt}");
    expect(names().slice(1)).toEqual(["namestring", "idbigint"]);
    expect(screen.getByRole("button", { name: "1 hidden" })).toBeTruthy();
  });

  it("opens at the place that a link named, by the column's name", async () => {
    host({});
    panel({ row: 1, column: "name" });
    await waitFor(async () => {
      const active = (await grid()).getAttribute("aria-activedescendant");
      expect(document.getElementById(active ?? "")?.textContent).toBe("NULL");
    });
    expect(document.activeElement).toBe(await grid());
  });

  const states: [string, Partial<ResultInfo>, RegExp][] = [
    ["is empty", { rows: 0 }, /This result has no rows/],
    ["is being written", { rows: 0, state: "open" }, /No rows yet/],
    ["is cut", { state: "complete", cut: { reason: "result_limit", advice: "raise the bound, or ask for less" } }, /Raise the bound, or ask for less/],
    ["has as many rows as were asked for", { cut: { reason: "row_limit", advice: "the call asked for no more" } }, /The call asked for no more/],
    ["is partial", { state: "partial" }, /The first 3 rows are here, not all/],
  ];
  it.each(states)("that %s says so", async (_, part, words) => {
    const of = { ...info, ...part };
    host(of.rows === 0 ? { "/rows": () => ({ json: { offset: 0, total: 0, next: null, columns: [0, 1, 2], row_numbers: [], rows: [], cut: [] } }) } : {}, of);
    panel();
    expect(await screen.findByText(words)).toBeTruthy();
  });

  it("that is gone says so, and one that failed can be asked for again", async () => {
    host({ [`/api/results/${ID}`]: () => ({ status: 404, json: {} }) });
    panel();
    expect(await screen.findByText("This result is not here")).toBeTruthy();
    let works = false;
    host({ [`/api/results/${ID}`]: () => (works ? { json: info } : { status: 503, json: {} }) });
    panel();
    const again = await screen.findByRole("button", { name: "Try again" });
    works = true;
    await userEvent.click(again);
    await waitFor(async () => expect(await cells()).toContain("Ada"));
  });

  it("says where it comes from, and what another run changed", async () => {
    const other = "0194f3a2-0000-7000-8000-000000000002";
    const changes = {
      columns: {
        added: [],
        removed: [],
        changed: [{ name: "id", from: { name: "id", type: "integer" }, to: { name: "id", type: "decimal", precision: 9, scale: 2 } }],
      },
      rows: { before: 3, after: 3, same: 2, added: 1, removed: 1 },
      added: [{ row: 2, values: ["4", "Grace", "[]"] }],
      removed: [{ row: 2, values: ["3", "Ada", "[]"] }],
      complete: true,
    };
    host({
      "/run_again": () => ({ status: 202, json: { execution_id: "e2", conversation_id: "c" } }),
      "/conversations/c/results": () => ({ json: { results: [{ ...info, id: other, origin: { rerun_of: ID } }], next: null } }),
      [other]: () => ({ json: { ...info, id: other, origin: { rerun_of: ID } } }),
      "/changes": () => ({ json: changes }),
    });
    const user = userEvent.setup();
    panel();
    await user.click(await screen.findByRole("tab", { name: "Where this comes from" }));
    expect(screen.getByText("s-1")).toBeTruthy();
    expect(screen.getByText("812 ms")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Run again" }));
    const changed = await screen.findByRole("region", { name: "What changed" });
    expect(changed.textContent).toContain("3 rows before, 3 now: 2 the same, 1 added, 1 gone.");
    expect(changed.textContent).toContain("id was integer and is decimal(9,2) now.");
    expect(within(changed).getByText("Grace")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Show the new one" })).toBeTruthy();
  });

  it("is run again by one wish, however often it is asked for until it is known to be taken", async () => {
    const wishes: unknown[] = [];
    let lost = true;
    host({
      "/run_again": (_, body) => {
        wishes.push((body as { client_message_id: unknown }).client_message_id);
        return lost ? { status: 503, json: {} } : { status: 202, json: { execution_id: "e2", conversation_id: "c" } };
      },
    });
    const user = userEvent.setup();
    panel();
    await user.click(await screen.findByRole("tab", { name: "Where this comes from" }));
    const press = async (times: number): Promise<void> => {
      await user.click(screen.getByRole("button", { name: "Run again" }));
      await waitFor(() => expect(wishes).toHaveLength(times));
    };
    await press(1);
    await screen.findByText("It was not run again");
    lost = false;
    await press(2);
    await screen.findByText(/^Running again/);
    await press(3);
    expect(wishes[0]).toMatch(/^[\da-f-]{36}$/);
    expect(wishes[1]).toBe(wishes[0]);
    expect(wishes[2]).not.toBe(wishes[0]);
  });

  it("that cannot be run again says why", async () => {
    host({ "/run_again": () => ({ status: 409, json: { detail: "its tool is gone: install the plugin again" } }) });
    const user = userEvent.setup();
    panel();
    await user.click(await screen.findByRole("tab", { name: "Where this comes from" }));
    await user.click(screen.getByRole("button", { name: "Run again" }));
    expect(await screen.findByText("Its tool is gone: install the plugin again.")).toBeTruthy();
  });
});

describe("in the thread", () => {
  it("a table shows its beginning, and opens", async () => {
    host({});
    show(<ResultsInThread results={resultRefs([{ ...info, rows: 100_000 }])} of="SELECT 1" />);
    expect(await screen.findByText("9007199254740993")).toBeTruthy();
    expect(screen.getByText("8 of 100,000 rows · 3 columns")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Open all" }));
    expect(navigation.open).toHaveBeenCalledWith({ id: ID, row: null, column: null });
  });

  it("a long text shows both its ends", async () => {
    const size = 1_000_000;
    host({ "/content": () => ({ text: "part of it" }) });
    show(<ResultsInThread results={resultRefs([{ ...info, content: "text", bytes: size, rows: 0, columns: [] }])} of="cat" />);
    expect(await screen.findAllByText("part of it")).toHaveLength(2);
    expect(screen.getByText(/not shown/)).toBeTruthy();
  });

  it("what is no result of an event is left out", () => {
    expect(resultRefs([{ id: 5 }, "x", null])).toEqual([]);
    expect(resultRefs(undefined)).toEqual([]);
  });
});

describe("a mention of a result", () => {
  const answer = async (text: string): Promise<void> => {
    markdown.fetch();
    await waitFor(() => expect(markdown.get().status).toBe("here"));
    show(
      <ResultLinks value={(place, children) => <ResultLink place={place}>{children}</ResultLink>}>
        <Markdown text={text} />
      </ResultLinks>,
    );
  };

  it("leads to its place", async () => {
    host({});
    await answer(`There are [3 rows](result:${ID}), the last is [Ada](result:${ID}/2/na%2Fme).`);
    await userEvent.click(await screen.findByRole("link", { name: "Ada" }));
    expect(navigation.follow).toHaveBeenCalledWith(expect.anything(), { id: ID, row: 2, column: "na/me" });
    expect(screen.getByRole("link", { name: "3 rows" }).getAttribute("href")).toBe(`?result=${ID}&row=null&column=null`);
  });

  it("that is not there is text that says so", async () => {
    host({ [`/api/results/${ID}`]: () => ({ status: 404, json: {} }) });
    await answer(`See [this](result:${ID}) and [that](result:nonsense/1).`);
    await waitFor(() => expect(screen.queryByRole("link")).toBeNull());
    expect(screen.getByTitle("This result is not here: it was deleted, or it is not yours").textContent).toBe("this");
    expect(screen.getByTitle("This names no result").textContent).toBe("that");
    expect(rows).toHaveLength(3);
  });
});
