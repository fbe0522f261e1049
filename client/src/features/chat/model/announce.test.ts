import { describe, expect, it } from "vitest";
import { result, tool } from "../testing/support";
import { activityOf } from "./activity";
import { announcement, firstSentence, stillWorking } from "./announce";
import { isCode, isLong } from "./longMessage";
import type { Item, TurnView } from "./view";

const turn: TurnView = {
  executionId: "t",
  firstSeq: null,
  message: "",
  at: "2026-01-01T00:00:00Z",
  settings: null,
  status: "running",
  model: null,
  step: 0,
  context: null,
  items: [],
  retry: null,
  error: null,
  summary: null,
  compactions: [],
  notes: null,
};
const text = (said: string): Item => ({
  kind: "text",
  key: "0.0",
  step: 0,
  block: 0,
  order: 0,
  text: said,
  scalars: said.length,
  final: true,
  aborted: false,
  early: [],
  startedAt: null,
  endedAt: null,
});
const structured = { columns: [{ name: "n", type_name: "INT" }], rows: [["1"]], total_row_count: 1, truncated: false };
const running = { ...turn, items: [{ ...tool, status: "running" as const }] };
const ran = { ...turn, items: [{ ...tool, result: { ...result, structured } }] };

describe("what is said aloud", () => {
  it.each<[string, TurnView | undefined, TurnView, string]>([
    ["a call that ended", running, ran, "Run SQL: done, 1 row."],
    ["a call that began and ended unseen", turn, ran, "Run SQL: done, 1 row."],
    ["a history", undefined, { ...ran, status: "completed" }, ""],
    ["nothing new", ran, ran, ""],
    [
      "an answer",
      turn,
      { ...turn, status: "completed", items: [text("# Taxis\n\nThe **busiest** hour is 18. More.")] },
      "Answer ready: The busiest hour is 18",
    ],
    ["a stop", turn, { ...turn, status: "cancelled" }, "Stopped."],
    ["a failure", turn, { ...turn, status: "failed", error: { message: "The model is down.", code: "x", remedy: null } }, "Failed."],
    ["a statement that failed", running, { ...turn, items: [{ ...tool, status: "failed", result: { ...result, isError: true } }] }, "Run SQL: failed."],
  ])("of %s", (_, before, after, said) => expect(announcement(before, after)).toBe(said));

  it("counts many at once", () => {
    const items = Array.from({ length: 5 }, (_, index) => ({ ...tool, id: `${index}`, key: `${index}`, result }));
    expect(announcement(turn, { ...turn, items })).toBe("5 calls ended.");
  });

  it("of long work is what runs, and for how long", () => expect(stillWorking(running, 15_020)).toBe("Still working, 15 seconds. Run SQL is running."));
});

describe("the first sentence", () => {
  it.each([
    ["One. Two.", "One"],
    ["The *busiest* hour, by `count`, is [18](https://x.example). It is.", "The busiest hour, by count, is 18"],
    ["| a |\n|---|\n| 1 |\n\nThat is it!", "That is it!"],
    ["```sql\nSELECT 1.\n```\n\nRan.", "Ran"],
    ["- one\n- two", "one two"],
    ["", ""],
    ["# Only this", "Only this"],
    ["3.5 million trips. Yes.", "3.5 million trips"],
  ])("of %j", (markdown, sentence) => expect(firstSentence(markdown)).toBe(sentence));
});

describe("activity", () => {
  const retry = { attempt: 1, delayMs: 5_000, reason: "The model is busy.", at: "2026-01-01T00:00:10Z" };
  const at = (seconds: number): number => Date.parse("2026-01-01T00:00:00Z") + seconds * 1_000;
  it.each([
    [10, "The model is busy. Trying again in 5 s (attempt 2)"],
    [12, "The model is busy. Trying again in 3 s (attempt 2)"],
    [16, "The model is busy. Trying again… (attempt 2)"],
  ])("counts down after a failure: %i s", (seconds, said) => expect(activityOf({ ...turn, retry }, false, at(seconds))?.text).toBe(said));
  it.each([
    [1, "Starting…"],
    [12, "Starting… · 12 s"],
  ])("has a clock when the start takes long: %i s", (seconds, said) => expect(activityOf(turn, false, at(seconds))?.text).toBe(said));
});

describe("a pasted message", () => {
  const script = Array.from({ length: 900 }, (_, line) => `INSERT INTO t VALUES (${line});`).join("\n");
  const letter = "Dear agent,\n\nplease look at the trips.\nThey seem too many to me.\n\nThank you\nA person";
  it("is folded when it is long", () => expect([isLong(script), isLong(letter), isLong("x".repeat(5_000))]).toEqual([true, false, true]));
  it("is set as code when it is code", () => {
    expect(isCode(script)).toBe(true);
    expect(isCode("def a():\n    return 1\n\nprint(a())")).toBe(true);
    expect(isCode("2026-01-01 12:00:00 INFO start\n2026-01-01 12:00:01 WARN slow\n2026-01-01 12:00:02 INFO end")).toBe(true);
    expect([isCode(letter), isCode("one line"), isCode("Look:\n```sql\nSELECT 1;\nSELECT 2;\n```")]).toEqual([false, false, false]);
  });
});
