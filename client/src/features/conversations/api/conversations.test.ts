import { describe, expect, it } from "vitest";
import type { Summary } from "../model/status";
import { type ConversationPages, listed, relist } from "./conversations";

const some = (...ids: string[]): Summary[] => ids.map((id) => ({ id }) as Summary);
const pages: ConversationPages = {
  pages: [
    { conversations: some("e", "d", "c"), next: "after c" },
    { conversations: some("c", "b", "a"), next: null },
  ],
  pageParams: [null, "after c"],
};
const ids = (list: readonly Summary[]): string[] => list.map(({ id }) => id);

describe("a list in pages", () => {
  it("has each conversation once", () => {
    expect(ids(listed(pages))).toEqual(["e", "d", "c", "b", "a"]);
  });

  it("keeps where it goes on when something in it changes", () => {
    const changed = relist(pages, (list) => [...some("f"), ...list.filter(({ id }) => id !== "b")]);
    expect(ids(listed(changed))).toEqual(["f", "e", "d", "c", "a"]);
    expect(changed.pages.map(({ next }) => next)).toEqual(["after c", null]);
    expect(changed.pageParams).toEqual(pages.pageParams);
  });
});
