import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Approval, type ConversationView, type Operation, type ToolItem, emptyView } from "../model/view";
import { inChat, tool } from "../testing/support";
import { ApprovalDock } from "./ApprovalDock";

const drop: Operation = { effect: "destroys", verb: "DROP TABLE", objects: ["main.sales.orders"], text: "DROP TABLE main.sales.orders", detail: null };
const approval: Approval = {
  reason: "It deletes data.",
  decision: null,
  operations: [drop],
  preview: null,
  standing: null,
  laterChanges: [],
  questions: [],
  proposal: null,
};
const waiting: ToolItem = { ...tool, status: "waiting", approval };

function viewOf(...items: ToolItem[]): ConversationView {
  const turn = {
    executionId: "turn-1",
    firstSeq: null,
    message: "",
    at: null,
    settings: null,
    status: "running",
    model: null,
    step: 0,
    context: null,
    retry: null,
    error: null,
    summary: null,
    compactions: [],
    notes: null,
  };
  return { ...emptyView, turns: [{ ...turn, status: "running", items }] };
}

function show(...items: ToolItem[]) {
  return render(inChat(<ApprovalDock view={viewOf(...items)} />));
}

function asking(input: unknown, change: Partial<Approval> = {}): ToolItem {
  return { ...waiting, input, approval: { ...approval, operations: [], ...change } };
}

const panel = (): HTMLElement => screen.getByRole("group", { name: "Approval needed" });
const button = (name: string | RegExp): HTMLButtonElement => screen.getByRole<HTMLButtonElement>("button", { name });

async function pressed(name: string | RegExp): Promise<void> {
  await waitFor(() => expect(button(name).disabled).toBe(false));
  await userEvent.setup().click(button(name));
}

afterEach(() => vi.unstubAllGlobals());

describe("what an approval shows", () => {
  it("is each part with its effect, its verb and its objects", () => {
    const read: Operation = { effect: "reads", verb: "SELECT", objects: ["main.sales.orders"], text: "SELECT 1", detail: null };
    const grant: Operation = { effect: "shares", verb: "GRANT", objects: ["main"], text: "GRANT ALL ON CATALOG main TO x", detail: "to account users" };
    show(asking({ script: "SELECT 1;\n GRANT ALL ON CATALOG main TO x" }, { operations: [read, grant] }));
    expect(screen.getAllByRole("listitem").map((row) => row.textContent)).toEqual([
      "ReadsSELECT main.sales.ordersSELECT 1\n",
      "SharesGRANT mainto account usersGRANT ALL ON CATALOG main TO x\n",
    ]);
    // The parts are all of the script: it is not shown again.
    expect(screen.queryByText("script")).toBeNull();
  });

  it("is the whole argument where the parts are not all of it", () => {
    show(asking({ statement: "DROP TABLE main.sales.orders -- and this" }, { operations: [drop] }));
    expect(screen.getByRole("group", { name: "statement" }).textContent).toBe("DROP TABLE main.sales.orders -- and this\n");
  });

  it("is every argument, whatever its kind", () => {
    show(asking({ statement: "SELECT 1", warehouse_id: "w1", options: { deep: ["x"] }, none: null, limit: 5 }));
    for (const name of ["statement", "warehouse_id", "options", "none", "limit"]) expect(screen.getByRole("group", { name })).toBeTruthy();
    expect(screen.getByRole("group", { name: "options" }).textContent).toContain('"deep"');
  });

  it.each([
    [`SELECT 1;${"\n".repeat(61)}DROP SCHEMA main.sales CASCADE`, ["⏎ × 60 blank lines", "DROP SCHEMA main.sales CASCADE"]],
    [`DELETE FROM t WHERE a${" ".repeat(300)}OR 1 = 1`, ["␣ × 300", "OR 1 = 1"]],
    ["DROP TABLE \u202eabc", ["⟨U+202E⟩"]],
  ])("hides nothing in %j", (statement, seen) => {
    show(asking({ statement }));
    for (const part of seen) expect(panel().textContent).toContain(part);
  });

  it("says when nobody can say what a call does", () => {
    show(asking({ statement: "?" }, { operations: [{ ...drop, verb: "UNKNOWN", objects: [], text: null }] }));
    expect(panel().textContent).toContain("Nobody can say beforehand");
    expect(panel().dataset["effect"]).toBe("destroys");
  });

  it("tells what is there now, as the tool found it", () => {
    const found = { known: true, text: "DROP TABLE main.sales.orders: 310 rows" };
    const { unmount } = show(asking({ statement: "DROP" }, { preview: found }));
    expect(screen.getByRole("region", { name: "What it would meet now" }).textContent).toContain("as the tool found it:DROP TABLE main.sales.orders: 310 rows");
    unmount();
    show(asking({ statement: "DROP" }, { preview: { known: false, text: "the warehouse does not run" } }));
    expect(panel().textContent).toContain("could not be found out:the warehouse does not run");
  });

  it("says which later calls will not run after a no", () => {
    const insert: ToolItem = { ...tool, key: "b", id: "b", status: "planned", detail: "INSERT INTO main.sales.log VALUES (1)" };
    show(asking({ statement: "DROP" }, { laterChanges: ["b"] }), insert);
    expect(panel().textContent).toContain("a later call of the same message will not run either");
    expect(panel().textContent).toContain("Run SQL: INSERT INTO main.sales.log");
  });
});

describe("a yes", () => {
  const long = Array.from({ length: 120 }, (_, line) => `SELECT ${line}`).join("\n");

  it("is possible once a long text was opened", async () => {
    show(asking({ statement: long }));
    await waitFor(() => expect(button("No").disabled).toBe(false));
    expect(button("Run once").disabled).toBe(true);
    expect(panel().textContent).not.toContain("SELECT 119");
    await pressed("Show all 120 lines");
    expect(panel().textContent).toContain("SELECT 119");
    await waitFor(() => expect(button("Run once").disabled).toBe(false));
  });

  it("is possible at once for forty lines", async () => {
    show(asking({ statement: long.split("\n").slice(0, 40).join("\n") }));
    expect(screen.queryByRole("button", { name: /Show all/ })).toBeNull();
    await waitFor(() => expect(button("Run once").disabled).toBe(false));
  });

  it("waits until the end was in view", async () => {
    let seen: (() => void) | undefined;
    class Observer {
      constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
        callback([{ isIntersecting: false }]);
        seen = () => callback([{ isIntersecting: true }]);
      }
      observe(): void {}
      disconnect(): void {}
    }
    vi.stubGlobal("IntersectionObserver", Observer);
    show(waiting);
    await waitFor(() => expect(button("No").disabled).toBe(false));
    expect(button("Run once").disabled).toBe(true);
    expect(button("Read on to run it")).toBeTruthy();
    seen?.();
    await waitFor(() => expect(button("Run once").disabled).toBe(false));
  });

  it("for the conversation names what it covers, and is not offered where that is not known", async () => {
    const { unmount } = show({ ...waiting, approval: { ...approval, standing: { verb: "DROP TABLE", objects: ["main.sales.orders"] } } });
    expect(button("Allow DROP TABLE main.sales.orders for this conversation")).toBeTruthy();
    unmount();
    show(waiting);
    expect(screen.queryByRole("button", { name: /for this conversation/ })).toBeNull();
  });
});

describe("an answer", () => {
  it.each([
    ["No", "no"],
    ["No, and stop", "stop"],
    ["Run once", "once"],
    [/^Allow DROP TABLE/, "conversation"],
  ])("%s is sent as %s, once", async (name, decision) => {
    const fetched = vi.fn((_path: string, _options: RequestInit) => Promise.resolve(new Response(JSON.stringify({ success: true, decision }))));
    vi.stubGlobal("fetch", fetched);
    show({ ...waiting, approval: { ...approval, standing: { verb: "DROP TABLE", objects: ["main.sales.orders"] } } });
    await pressed(name);
    await waitFor(() => expect(fetched).toHaveBeenCalledTimes(1));
    await waitFor(() => expect(button("No").disabled).toBe(true));
    expect(fetched.mock.calls[0]?.[0]).toBe("/api/executions/turn-1/approvals/a");
    expect(fetched.mock.calls[0]?.[1].body).toBe(JSON.stringify({ decision }));
  });

  it("takes along what the user says with it, and Enter there answers nothing", async () => {
    const fetched = vi.fn((_path: string, _options: RequestInit) => Promise.resolve(new Response("{}")));
    vi.stubGlobal("fetch", fetched);
    show(waiting);
    await waitFor(() => expect(button("No").disabled).toBe(false));
    const words = screen.getByLabelText("What you want to say with your answer");
    await userEvent.type(words, " only look {Enter}");
    expect(fetched).not.toHaveBeenCalled();
    await pressed("No");
    await waitFor(() => expect(fetched).toHaveBeenCalledTimes(1));
    expect(fetched.mock.calls[0]?.[1].body).toBe(JSON.stringify({ decision: "no", reply: { words: "only look" } }));
  });

  it("that another one came before is told, and not asked for again", async () => {
    const problem = { type: "https://bricklayer.dev/problems/already-answered", detail: "another answer to this call came first" };
    const headers = { "content-type": "application/problem+json" };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(problem), { status: 409, headers })));
    show(waiting);
    await pressed("No");
    await screen.findByText(/came first/);
    expect(screen.queryByText(/Try again/)).toBeNull();
  });

  it("that did not arrive is told, and can be given again", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    show(waiting);
    await pressed("No");
    await screen.findByText(/did not arrive/);
    expect(button("No").disabled).toBe(false);
  });

  it("cannot be given by a press that was meant for what stood there before", () => {
    show(waiting);
    for (const name of ["No", "No, and stop", "Run once"]) expect(button(name).disabled).toBe(true);
  });
});

describe("the focus", () => {
  const second: ToolItem = { ...waiting, key: "b", id: "b", order: 1, input: { statement: "DROP TABLE main.sales.items" } };

  it("stays in the message when a question comes, and the question is announced", async () => {
    const message = <textarea data-composer aria-label="Message" autoFocus />;
    const { rerender } = render(inChat(<>{message}</>));
    screen.getByLabelText("Message").focus();
    rerender(
      inChat(
        <>
          {message}
          <ApprovalDock view={viewOf(waiting)} />
        </>,
      ),
    );
    await waitFor(() => expect(button("No").disabled).toBe(false));
    expect(document.activeElement).toBe(screen.getByLabelText("Message"));
    expect(screen.getByRole("status").textContent).toContain("Approval needed. Run SQL: DROP TABLE main.sales.orders");
  });

  it("goes from an answer to the next question, and from the last one to the message", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}")));
    const of = (...items: ToolItem[]) =>
      inChat(
        <>
          <textarea data-composer aria-label="Message" />
          <ApprovalDock view={viewOf(...items)} />
        </>,
      );
    const { rerender } = render(of(waiting, second));
    await pressed("No");
    rerender(of({ ...waiting, status: "answered" }, second));
    expect(document.activeElement?.tagName).toBe("H2");
    await pressed("No");
    rerender(of({ ...waiting, status: "answered" }, { ...second, status: "answered" }));
    expect(document.activeElement).toBe(screen.getByLabelText("Message"));
  });
});
