import { describe, expect, it } from "vitest";
import { wire } from "@/api/testing/events";
import { prepend, refresh } from "./pages";
import { reduceEvents } from "./reduce";
import { emptyView } from "./view";

const events = [
  { type: "conversation.created", message: "Much, please" },
  { type: "system", subtype: "step", data: { step: 0, model: "m" } },
  { type: "text", step: 0, block: 0, text: "Look." },
  { type: "tool_use", title: "", detail: "", step: 0, tool_id: "a", tool_name: "Read", tool_input: { file_path: "x" } },
  { type: "tool_started", tool_id: "a" },
  { type: "tool_result", tool_use_id: "a", tool_name: "Read", content: "1", is_error: false, duration_ms: 1 },
  { type: "system", subtype: "step", data: { step: 1, model: "m" } },
  { type: "tool_use", title: "", detail: "", step: 1, tool_id: "b", tool_name: "Read", tool_input: { file_path: "y" } },
  { type: "tool_result", tool_use_id: "b", tool_name: "Read", content: "2", is_error: false, duration_ms: 1 },
  { type: "text", step: 2, block: 0, text: "Done." },
  { type: "stream.completed" },
].map((event, index) => wire({ ...event, seq: index + 1 }));

/** All but the numbers that items are sorted by, and the step in which a call that lost its beginning seems to be. */
const shown = (turn: unknown): unknown =>
  JSON.parse(JSON.stringify(turn, (key, value: unknown) => (key === "order" || key === "step" || key === "model" ? null : value)));

const whole = reduceEvents(emptyView, events);

describe("a turn that comes in parts", () => {
  it("is the whole turn, wherever it was parted", () => {
    for (let cut = 1; cut < events.length; cut += 1) {
      const late = reduceEvents(emptyView, events.slice(cut));
      const early = reduceEvents(emptyView, events.slice(0, cut));
      expect(shown(prepend(early, late).turns[0]), `parted at ${cut}`).toEqual(shown(whole.turns[0]));
      expect(shown(refresh(prepend(reduceEvents(emptyView, [wire({ ...events[0], execution_id: "before" })]), whole), late).turns[1])).toEqual(
        shown(whole.turns[0]),
      );
    }
  });
});
