import { describe, expect, it } from "vitest";
import { ranks } from "./ranks";

const step = (key: string, ...dependsOn: string[]) => ({ key, dependsOn });
const keys = (steps: Parameters<typeof ranks>[0]): string[][] => ranks(steps).map((column) => column.map(({ key }) => key));

describe("columns of steps", () => {
  it("put each step behind all that it depends on", () => {
    expect(keys([step("d", "b", "c"), step("a"), step("b", "a"), step("c"), step("e", "d")])).toEqual([["a", "c"], ["b"], ["d"], ["e"]]);
  });
  it("end for circles and for what is not there", () => {
    expect(keys([step("a", "b"), step("b", "a"), step("c", "gone")])).toEqual([["a", "b", "c"]]);
    expect(keys([])).toEqual([]);
  });
  it("show a key that comes twice once", () => {
    expect(keys([step("a"), step("a")])).toEqual([["a"]]);
  });
});
