import { describe, expect, it } from "vitest";
import { applyChange, parseChange } from "./changes";
import { type ConversationStatus, type Summary, newsOf, statusOf } from "./status";

const idle: Summary = {
  id: "a",
  project_id: "p",
  title: "Taxis",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  turn_count: 1,
  active_execution_id: null,
  settings: {},
  state: "idle",
  last_seq: 7,
};
const running: Summary = { ...idle, state: "running", active_execution_id: "x" };
const waiting: Summary = { ...running, state: "waiting" };
const failed: Summary = { ...idle, state: "failed" };

describe("a conversation's status", () => {
  it.each<[ConversationStatus, Summary, number | undefined]>([
    ["idle", idle, undefined],
    ["idle", idle, 7],
    ["unread", idle, 6],
    ["running", running, 3],
    ["waiting", waiting, 3],
    ["failed", failed, 7],
  ])("is %s", (status, conversation, seen) => expect(statusOf(conversation, seen)).toBe(status));
});

describe("news", () => {
  it.each([
    ["waits for your answer", running, waiting],
    ["is done", running, idle],
    ["failed", running, failed],
    ["is done", waiting, idle],
  ])("%s", (text, before, after) => expect(newsOf([before], [after]).map((news) => news.text)).toEqual([text]));

  it.each([
    [idle, idle],
    [idle, running],
    [waiting, waiting],
    [waiting, running],
  ])("are none from %j to %j", (before, after) => expect(newsOf([before], [after])).toEqual([]));
});

describe("a change", () => {
  const other: Summary = { ...idle, id: "b", updated_at: "2026-01-02T00:00:00Z" };

  it("takes the place of what was known, the newest first", () => {
    const change = parseChange(JSON.stringify({ ...waiting, type: "conversation", updated_at: "2026-01-03T00:00:00Z" }));
    expect(change === null ? [] : applyChange([other, idle], change).map(({ id, state }) => [id, state])).toEqual([
      ["a", "waiting"],
      ["b", "idle"],
    ]);
  });

  it("takes away what was deleted", () => {
    const change = parseChange(JSON.stringify({ ...idle, deleted: true }));
    expect(change === null ? [] : applyChange([other, idle], change)).toEqual([other]);
  });

  it.each(["", "{}", "[]", '{"ready":true}', '{"id":3}', "null"])("is none in %j", (data) => expect(parseChange(data)).toBeNull());
});
