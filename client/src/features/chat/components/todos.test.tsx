import { fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { TodoPanel } from "./TodoPanel";
import { result, tool } from "../testing/support";
import { reduceEvents } from "../model/reduce";
import { todosOf } from "../model/todos";
import { type ConversationView, emptyView, type ToolItem } from "../model/view";

const write = (key: string, todos: unknown, isError = false): ToolItem => ({
  ...tool,
  key,
  id: key,
  resultKind: "todos",
  result: { ...result, isError, structured: { todos } },
});
const todo = (content: string, status: string) => ({ content, status, activeForm: `${content}ing` });

/** A conversation whose turns made these calls. */
function view(...turns: ToolItem[][]): ConversationView {
  const events = turns.map((_, index) => ({
    type: "conversation.created",
    execution_id: `t${String(index)}`,
    seq: index + 1,
    at: null,
    message: "go",
    settings: {},
  }));
  const begun = reduceEvents(emptyView, events as never);
  for (const [index, turn] of begun.turns.entries()) Object.assign(turn, { items: turns[index] });
  return begun;
}

describe("the to-do list", () => {
  it("is the newest that went well", () => {
    const calls = [write("a", [todo("Load", "pending")]), write("b", [todo("Check", "in_progress")]), write("c", [], true)];
    expect(todosOf(view(calls)).map(({ content }) => content)).toEqual(["Check"]);
    expect(todosOf(view(calls, [])).map(({ content }) => content)).toEqual(["Check"]);
    expect(todosOf(view([tool]))).toEqual([]);
  });

  it("goes when it is done and something else is asked", () => {
    const done = [write("a", [todo("Load", "completed")])];
    expect(todosOf(view(done))).toHaveLength(1);
    expect(todosOf(view(done, []))).toEqual([]);
  });

  it("leaves out what is none", () => {
    expect(todosOf(view([write("a", [todo("Load", "odd"), { status: "pending" }, "x", todo("Check", "pending")])]))).toHaveLength(1);
    expect(todosOf(view([write("a", "x")]))).toEqual([]);
  });

  it("is one line, which opens", () => {
    render(<TodoPanel view={view([write("a", [todo("Load", "completed"), todo("Check", "in_progress"), todo("Tell", "pending")])])} />);
    const panel = within(screen.getByRole("region", { name: "To do" }));
    expect(panel.getByText("To do: 1 of 3 done")).toBeTruthy();
    expect(panel.getByText("Checking")).toBeTruthy();
    fireEvent.click(panel.getByRole("button"));
    expect(panel.getAllByRole("listitem")).toHaveLength(3);
    expect(panel.getByRole("img", { name: "in progress" })).toBeTruthy();
  });
});
