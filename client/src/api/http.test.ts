import { afterEach, describe, expect, it, vi } from "vitest";
import { signedOut } from "@/shared/lib/signedOut";
import { isSignedIn, json, send } from "./http";
import { Problem, messageOf } from "./problem";

afterEach(() => {
  vi.unstubAllGlobals();
  signedOut.set(null);
});

function answer(body: string | null, init: ResponseInit = {}, type?: ResponseType): void {
  const response = new Response(body, init);
  if (type !== undefined) Object.defineProperty(response, "type", { value: type });
  vi.stubGlobal("fetch", () => Promise.resolve(response));
}

const page = "<html>Sign in</html>";
const html = { "content-type": "text/html; charset=utf-8" };
const asProblem = { "content-type": "application/problem+json" };

async function failure(work: Promise<unknown>): Promise<Problem> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof Problem)) throw new Error(`not a problem: ${String(error)}`);
  return error;
}

describe("an answer that is not the host's", () => {
  it.each([
    ["a page", page, { headers: html }, undefined],
    ["a page without a type", page, {}, undefined],
    ["a page that says it is JSON", `\n ${page}`, { headers: { "content-type": "application/json" } }, undefined],
    ["an XHTML page", page, { headers: { "content-type": "application/xhtml+xml" } }, undefined],
    ["a redirect that is hidden", null, {}, "opaqueredirect" as const],
    ["a redirect", null, { status: 302, headers: { location: "https://sign-in.example" } }, undefined],
    ["a plain 401", "no", { status: 401 }, undefined],
    ["a 401 with a page", page, { status: 401, headers: html }, undefined],
    ["a 403 with a page", page, { status: 403, headers: html }, undefined],
    ["a 404 with a page", page, { status: 404, headers: html }, undefined],
    ["a network that asks to sign in", page, { status: 511, headers: html }, undefined],
  ])("such as %s is the end of the session", async (_, body, init, type) => {
    answer(body, init, type);
    const error = await failure(json("/api/me"));
    expect(messageOf(error)).toBe("You are not signed in any more.");
    expect([error.status, error.code]).toEqual([401, "unauthenticated"]);
    expect(signedOut.get()).toEqual({ detail: null });
  });

  it("to a stream or a change is the end of the session as well", async () => {
    answer(page, { headers: html });
    expect((await failure(send("/api/stream_progress/1"))).code).toBe("unauthenticated");
    expect(signedOut.get()).not.toBeNull();
  });

  it.each([
    ["a failed proxy's page", page, { status: 502, headers: html }, /had a problem with this request/],
    ["half an answer", '{"a": [1, 2', {}, /cut short/],
    ["the host's own refusal", "{}", { status: 403, headers: asProblem }, /may not do this/],
    ["the guard's refusal", '{"type":"/problems/cross-origin","detail":"x"}', { status: 403, headers: asProblem }, /Reload it at the address/],
  ])("such as %s is not", async (_, body, init, said) => {
    answer(body, init);
    expect(messageOf(await failure(json("/api/me")))).toMatch(said);
    expect(signedOut.get()).toBeNull();
  });
});

describe("a session that ended", () => {
  it("is told in the host's words where it gave any", async () => {
    answer('{"type":"/problems/unauthenticated","detail":"the forwarded token is another user\'s; sign in again"}', { status: 401, headers: asProblem });
    await failure(json("/api/me"));
    expect(signedOut.get()?.detail).toBe("the forwarded token is another user's; sign in again");
  });

  it("is over when the host knows who asks", async () => {
    signedOut.set({ detail: null });
    answer(page, { headers: html });
    expect(await isSignedIn()).toBe(false);
    expect(signedOut.get()).not.toBeNull();
    answer("{}");
    expect(await isSignedIn()).toBe(true);
    expect(signedOut.get()).toBeNull();
  });
});
