import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Approval, ToolItem } from "../model/view";
import { inChat, result, tool } from "../testing/support";
import { Composer } from "./Composer";
import { Summarised } from "./Summarised";
import { ToolCard } from "./ToolCard";

afterEach(() => vi.unstubAllGlobals());

describe("the line where earlier messages were summarised", () => {
  it("opens to what the model reads", async () => {
    const user = userEvent.setup();
    render(inChat(<Summarised summary="You **counted** orders." />));
    const line = screen.getByRole("button", { name: "Earlier messages were summarised" });
    expect(screen.queryByText("counted")).toBeNull();
    await user.click(line);
    expect(line.getAttribute("aria-expanded")).toBe("true");
    expect(await screen.findByText("counted")).toBeTruthy();
  });
});

describe("a tool card", () => {
  it("says in words what it did, and opens to its arguments", async () => {
    const user = userEvent.setup();
    render(
      inChat(
        <ToolCard tool={{ ...tool, result: { ...result, content: "all went well", isError: false, errorKind: null, structured: null, durationMs: 1_234 } }} />,
      ),
    );
    const head = screen.getByRole("button", { name: /Run SQL/ });
    expect(head.textContent).toContain("DROP TABLE main.sales.orders");
    expect(head.textContent).toContain("1.2 s");
    expect(screen.queryByText("warehouse_id")).toBeNull();
    await user.click(head);
    expect(head.getAttribute("aria-expanded")).toBe("true");
    expect(screen.getByText("warehouse_id")).toBeTruthy();
    expect(screen.getByText("all went well")).toBeTruthy();
  });

  it("shows rows without being opened", () => {
    const structured = { columns: [{ name: "n", type_name: "INT" }], rows: [["42"]], total_row_count: 1, truncated: false };
    render(inChat(<ToolCard tool={{ ...tool, result: { ...result, content: "", isError: false, errorKind: null, structured, durationMs: 5 } }} />));
    expect(screen.getByRole("gridcell", { name: "42" })).toBeTruthy();
  });

  it("fetches a large result when it is opened", async () => {
    const asked: string[] = [];
    const structured = { columns: [{ name: "n", type_name: "INT" }], rows: [["42"]], total_row_count: 1, truncated: false };
    vi.stubGlobal("fetch", (path: string) => {
      asked.push(path);
      return Promise.resolve(new Response(JSON.stringify(structured)));
    });
    const user = userEvent.setup();
    render(inChat(<ToolCard tool={{ ...tool, result: { ...result, structuredBytes: 2_000_000 } }} />));
    const head = screen.getByRole("button", { name: /Run SQL/ });
    expect(head.textContent).toContain("1.9 MB");
    expect(asked).toEqual([]);
    await user.click(head);
    expect(await screen.findByRole("gridcell", { name: "42" })).toBeTruthy();
    expect(asked).toEqual(["/api/executions/turn-1/calls/a/structured"]);
  });

  it("shows each statement of a script, the skipped ones too", async () => {
    const user = userEvent.setup();
    const structured = {
      steps: [
        { number: 1, statement: "SELECT 1", status: "succeeded", columns: [{ name: "a" }], rows: [["1"]] },
        { number: 2, statement: "SELECT x", status: "failed", error: "no such column", columns: [], rows: [] },
        { number: 3, statement: "SELECT 3", status: "skipped", columns: [], rows: [] },
      ],
    };
    render(
      inChat(
        <ToolCard
          tool={{
            ...tool,
            title: "Run SQL script",
            result: { ...result, content: "", isError: false, errorKind: null, structured, durationMs: 5 },
          }}
        />,
      ),
    );
    await user.click(screen.getByRole("button", { name: /Run SQL script/ }));
    expect(screen.getByText("skipped")).toBeTruthy();
    expect(screen.getByText("no such column")).toBeTruthy();
    expect(screen.getByRole("gridcell", { name: "1" })).toBeTruthy();
  });

  it("keeps the steps of its work as they ended", async () => {
    const step = { key: "load", state: "failed", link: null, dependsOn: [] } as const;
    const progress = { message: "Run ended", done: 1, total: 1, steps: [step] };
    render(inChat(<ToolCard tool={{ ...tool, progress, result: { ...result, content: "", structured: null } }} />));
    expect(screen.queryByRole("list", { name: "Steps" })).toBeNull();
    await userEvent.setup().click(screen.getByRole("button", { name: /Run SQL/ }));
    expect(screen.getByRole("list", { name: "Steps" }).textContent).toContain("failed");
  });

  it("shows an error with its kind and text", () => {
    render(
      inChat(
        <ToolCard
          tool={{
            ...tool,
            status: "failed",
            result: { ...result, content: "[PARSE] near DROP", isError: true, errorKind: "permission-denied", structured: null, durationMs: 5 },
          }}
        />,
      ),
    );
    expect(screen.getByRole("alert").textContent).toContain("you may not do this");
    expect(screen.getByRole("alert").textContent).toContain("[PARSE] near DROP");
  });
});

describe("a call that was refused for a missing power", () => {
  const command = 'bricklayer plugin grant weather "GET https://api.weather.example/v1/*"';
  const refused: ToolItem = {
    ...tool,
    name: "mcp__databricks__current_weather",
    title: "Current weather",
    status: "failed",
    result: {
      ...result,
      content: `no grant covers it\nRemedy: ${command}`,
      isError: true,
      errorKind: "denied",
      denied: "GET https://api.weather.example/v1/*",
      remedy: command,
    },
  };
  const review = { name: "Review what weather may do" };

  it("names the power and leads to where it can be given", () => {
    render(inChat(<ToolCard tool={refused} />));
    const alert = screen.getByRole("alert");
    expect(alert.textContent).toContain("weather was not given GET https://api.weather.example/v1/*.");
    expect(screen.getByRole("link", review).getAttribute("href")).toBe(
      "/projects/p/plugins?tool=mcp__databricks__current_weather&power=GET%20https%3A%2F%2Fapi.weather.example%2Fv1%2F*",
    );
    expect(screen.getByRole("button", { name: /Current weather/ }).textContent).toContain("not given");
  });

  it("keeps the command for operators, closed and said once", () => {
    render(inChat(<ToolCard tool={refused} />));
    const more = screen.getByText("For operators: on the command line").closest("details");
    expect(more?.open).toBe(false);
    expect(more?.textContent).toContain(command);
    expect(screen.getByRole("group", { name: "Error" }).textContent).toBe("no grant covers it");
  });

  it("leads nowhere when the plugin does not ask for it: then only its author can help", () => {
    const remedy = "the plugin does not ask for this; its author must add it to plugin.toml";
    render(
      inChat(
        <ToolCard
          tool={{ ...refused, result: { ...result, isError: true, errorKind: "denied", denied: "state", content: `no\nRemedy: ${remedy}`, remedy } }}
        />,
      ),
    );
    expect(screen.getByRole("alert").textContent).toContain("The plugin does not ask for this; its author must add it to plugin.toml.");
    expect(screen.queryByRole("link", review)).toBeNull();
    expect(screen.queryByText("For operators: on the command line")).toBeNull();
  });

  it("is not confused with a person's no", () => {
    const saidNo: Approval = { reason: "", decision: "no", operations: [], preview: null, standing: null, laterChanges: [], questions: [], proposal: null };
    render(inChat(<ToolCard tool={{ ...refused, result: { ...result, isError: true, errorKind: "denied", content: "no" }, approval: saidNo }} />));
    expect(screen.queryByRole("link", review)).toBeNull();
    expect(screen.getByRole("button", { name: /Current weather/ }).textContent).toContain("declined");
  });

  it("says when it may be tried again", () => {
    render(
      inChat(
        <ToolCard
          tool={{
            ...refused,
            result: { ...result, isError: true, errorKind: "rate-limited", content: "too many calls\nTry again after 12 seconds.", retryAfterSeconds: 12 },
          }}
        />,
      ),
    );
    expect(screen.getByRole("alert").textContent).toContain("It can be tried again after 12 s.");
    expect(screen.getByRole("group", { name: "Error" }).textContent).toBe("too many calls");
  });
});

describe("the composer", () => {
  const base = {
    value: "",
    onChange: vi.fn(),
    onSend: vi.fn(),
    onStop: vi.fn(),
    running: false,
    stopping: false,
    sending: false,
    history: ["first", "second"],
    placeholder: "Ask",
  };

  it("sends with Enter and not with Shift+Enter", async () => {
    const onSend = vi.fn();
    const user = userEvent.setup();
    render(<Composer {...base} value=" hello " onSend={onSend} />);
    screen.getByLabelText("Message").focus();
    await user.keyboard("{Shift>}{Enter}{/Shift}");
    expect(onSend).not.toHaveBeenCalled();
    await user.keyboard("{Enter}");
    expect(onSend).toHaveBeenCalledWith("hello");
  });

  it("does not send nothing, and says when a message waits for the running turn", async () => {
    const onSend = vi.fn();
    const user = userEvent.setup();
    const { rerender } = render(<Composer {...base} value="   " onSend={onSend} />);
    screen.getByLabelText("Message").focus();
    await user.keyboard("{Enter}");
    rerender(<Composer {...base} value="next" running onSend={onSend} />);
    await user.keyboard("{Enter}");
    expect(onSend).toHaveBeenCalledWith("next");
    expect(screen.getByText("Enter sends it after this turn")).toBeTruthy();
  });

  it("recalls earlier messages", async () => {
    const onChange = vi.fn();
    const user = userEvent.setup();
    render(<Composer {...base} onChange={onChange} />);
    screen.getByLabelText("Message").focus();
    await user.keyboard("{ArrowUp}{ArrowUp}{ArrowDown}{ArrowDown}");
    expect(onChange.mock.calls.map(([text]) => text as string)).toEqual(["second", "first", "second", ""]);
  });

  it("stops by its button, and by Escape pressed twice", async () => {
    const onStop = vi.fn();
    const user = userEvent.setup();
    render(<Composer {...base} running onStop={onStop} />);
    await user.click(screen.getByRole("button", { name: "Stop" }));
    expect(onStop).toHaveBeenCalledTimes(1);
    screen.getByLabelText("Message").focus();
    await user.keyboard("{Escape}");
    expect(screen.getByText("Press Esc again to stop")).toBeTruthy();
    expect(onStop).toHaveBeenCalledTimes(1);
    await user.keyboard("{Escape}");
    expect(onStop).toHaveBeenCalledTimes(2);
  });
});
