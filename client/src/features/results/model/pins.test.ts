import { describe, expect, it } from "vitest";
import { fittingPins } from "./pins";

const column = (place: number, pinned: boolean) => ({ place, left: place * 100, width: 100, pinned });
const layout = [column(0, true), column(1, true), column(2, false)];

describe("pinned columns", () => {
  it.each([
    ["all where there is room", 800, [true, true, false]],
    ["the first ones where not all leave room", 300, [true, false, false]],
    ["none on a phone that one would fill", 150, [false, false, false]],
  ])("stay: %s", (_, room, pinned) => {
    expect(fittingPins(layout, room).map((drawn) => drawn.pinned)).toEqual(pinned);
  });

  it("are the same list where nothing changes, so that nothing is drawn again", () => {
    expect(fittingPins(layout, 800)).toBe(layout);
  });
});
