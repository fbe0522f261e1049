import { describe, expect, it } from "vitest";
import { groundsInWords } from "./grounds";

describe("why a call ran", () => {
  it.each([
    [{ kind: "mode" }, /mode does not ask/],
    [{ kind: "rule", rule: "execute_sql(create table)" }, /rule “execute_sql\(create table\)” allows/],
    [{ kind: "rule" }, /a rule of the project/],
    [{ kind: "standing", since: "2026-12-02T08:00:00Z" }, /for this conversation on .*2026/],
    [{ kind: "standing", since: "soon" }, /for this conversation\.$/],
    [{ kind: "answered" }, /You said yes/],
    [{ kind: "continues" }, /Goes on/],
  ] as const)("%o", (grounds, words) => expect(groundsInWords(grounds)).toMatch(words));
});
