import { describe, expect, it } from "vitest";
import { Problem, messageOf } from "./problem";

describe("what a person is told of a failure", () => {
  it.each([
    [new Problem(422, { detail: "`source` is no address", errors: [{ field: "source", message: "is no address" }] }), "`source` is no address."],
    [new Problem(422, { detail: "two fields are wrong", errors: [{ field: "scope", message: "is missing" }] }), "Two fields are wrong (scope: is missing)."],
    [new Problem(429, { detail: "too many at once", retry_after_seconds: 12 }), "Too many at once. It can be tried again in 12 s."],
    [new Problem(403, {}), "You may not do this. Whoever runs this host decides who may."],
    [new Problem(409, {}), "Somebody changed this meanwhile. Look at it as it is now, then decide again."],
    [new Problem(413, {}), "This is larger than Bricklayer takes."],
    [new Problem(418, {}), "The request was refused (418)."],
    [new TypeError("it broke"), "It broke."],
  ])("of %s", (error, said) => expect(messageOf(error)).toBe(said));
});
