import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { type Question, type ToolItem, emptyView } from "../model/view";
import { inChat, tool } from "../testing/support";
import { ApprovalDock } from "./ApprovalDock";

const table: Question = {
  header: "Table",
  question: "Which table holds the orders?",
  options: [
    { label: "orders", description: "One row for each order." },
    { label: "sales", description: "" },
  ],
  multi_select: false,
};
const columns: Question = { ...table, header: "Columns", question: "Which columns?", multi_select: true };

function show(questions: readonly Question[]) {
  const approval = { reason: "", decision: null, operations: [], preview: null, standing: null, laterChanges: [], questions, proposal: null };
  const waiting: ToolItem = { ...tool, name: "AskUserQuestion", status: "waiting", approval };
  const turn = {
    executionId: "turn-1",
    firstSeq: null,
    message: "",
    at: null,
    settings: null,
    model: null,
    step: 0,
    context: null,
    retry: null,
    error: null,
    summary: null,
    compactions: [],
    notes: null,
  };
  return render(inChat(<ApprovalDock view={{ ...emptyView, turns: [{ ...turn, status: "running", items: [waiting] }] }} />));
}

const button = (name: string): HTMLButtonElement => screen.getByRole<HTMLButtonElement>("button", { name });

function answersTaken() {
  const fetched = vi.fn((_path: string, _options: RequestInit) => Promise.resolve(new Response("{}")));
  vi.stubGlobal("fetch", fetched);
  return (): unknown => JSON.parse(String(fetched.mock.calls[0]?.[1].body));
}

afterEach(() => vi.unstubAllGlobals());

it("sends what is chosen and what is said, by the place of each question", async () => {
  const sent = answersTaken();
  show([table, columns]);
  await waitFor(() => expect(button("Do not answer").disabled).toBe(false));
  expect(button("Send answers").disabled).toBe(true);
  const [user, [one, , first, second]] = [userEvent.setup(), [...screen.getAllByRole("radio"), ...screen.getAllByRole("checkbox")]];
  for (const choice of [one, first, second]) if (choice !== undefined) await user.click(choice);
  await user.type(screen.getByLabelText("Your own answer: Columns"), "and the date{Enter}");
  await user.click(button("Send answers"));
  await waitFor(() =>
    expect(sent()).toEqual({ decision: "once", reply: { answers: [{ chosen: ["orders"] }, { chosen: ["orders", "sales"], words: "and the date" }] } }),
  );
});

it("can be left without an answer", async () => {
  const sent = answersTaken();
  show([table]);
  expect(screen.queryByRole("button", { name: "Run once" })).toBeNull();
  await waitFor(() => expect(button("Do not answer").disabled).toBe(false));
  await userEvent.setup().click(button("Do not answer"));
  await waitFor(() => expect(sent()).toEqual({ decision: "no" }));
});
