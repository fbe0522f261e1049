import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { type Proposal, type ToolItem, emptyView } from "../model/view";
import { inChat, tool } from "../testing/support";
import { ApprovalDock } from "./ApprovalDock";

function show(proposal: Proposal) {
  const approval = { reason: "", decision: null, operations: [], preview: null, standing: null, laterChanges: [], questions: [], proposal };
  const waiting: ToolItem = { ...tool, name: "ExitPlanMode", status: "waiting", approval };
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

it("is taken with one of the modes that are offered, the most careful one unless another is chosen", async () => {
  const sent = answersTaken();
  show({ plan: "1. Make the table", modes: ["ask_changes", "ask"] });
  expect(screen.queryByRole("radio", { name: /Run all/ })).toBeNull();
  expect(screen.getByRole<HTMLInputElement>("radio", { name: /Ask before changes/ }).checked).toBe(true);
  await waitFor(() => expect(button("Take the plan").disabled).toBe(false));
  const user = userEvent.setup();
  await user.click(screen.getByRole("radio", { name: /Ask before destroying/ }));
  await user.click(button("Take the plan"));
  await waitFor(() => expect(sent()).toEqual({ decision: "once", reply: { mode: "ask" } }));
});

it("goes back with words, and no mode", async () => {
  const sent = answersTaken();
  show({ plan: "1. Make the table", modes: ["ask_changes", "ask"] });
  await waitFor(() => expect(button("Keep planning").disabled).toBe(false));
  const user = userEvent.setup();
  await user.type(screen.getByLabelText("What you want to say with your answer"), "in another schema");
  await user.click(button("Keep planning"));
  await waitFor(() => expect(sent()).toEqual({ decision: "no", reply: { words: "in another schema" } }));
});

it("may be asked for first", async () => {
  const sent = answersTaken();
  show({ plan: null, modes: ["read_only"] });
  await waitFor(() => expect(button("Plan first").disabled).toBe(false));
  await userEvent.setup().click(button("Plan first"));
  await waitFor(() => expect(sent()).toEqual({ decision: "once", reply: { mode: "read_only" } }));
});
