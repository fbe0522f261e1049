/** A session that ends while the page is open: whatever a proxy answers in the host's place, one banner says so. */
import type { Browser, Locator, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, createProject, turnEnded } from "./support/actions";
import { launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";

let host: Host;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
  ({ page } = await openPage(browser, host.url));
  await createProject(page, "Taxi demand");
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

const signIn = "<!doctype html><title>Sign in</title><form>Sign in</form>";
const api = (url: URL): boolean => url.pathname.startsWith("/api/");
const message = (): Locator => page.getByLabel("Message", { exact: true });
const banner = (): Locator => page.getByRole("alert").filter({ hasText: "Your session ended. Sign in again" });

/** What a proxy does to who is not signed in. */
const answers: readonly [string, (route: Route) => Promise<void>][] = [
  ["its sign-in page", (route) => route.fulfill({ status: 200, contentType: "text/html", body: signIn })],
  ["a page without a type", (route) => route.fulfill({ status: 200, body: "<html>Sign in</html>" })],
  ["a plain 401", (route) => route.fulfill({ status: 401, body: "no" })],
  ["a page with 403", (route) => route.fulfill({ status: 403, contentType: "text/html", body: signIn })],
  ["a redirect to another host", (route) => route.fulfill({ status: 302, headers: { location: "https://sign-in.example/?back=1" } })],
  ["a redirect to a page of its own", (route) => route.fulfill({ status: 302, headers: { location: "/.auth/sign-in" } })],
];

async function comeBack(): Promise<void> {
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
}

/** What fails for the want of a session, and one press on the banner with the session there again. */
async function signOutAndIn(fail: () => Promise<void>): Promise<void> {
  await page.route(api, (route) => route.fulfill({ status: 401, body: "" }));
  await fail();
  await banner().waitFor();
  await page.unroute(api);
  await banner().getByRole("button", { name: "Sign in" }).click();
  await banner().waitFor({ state: "detached" });
}

describe("a session that ends", () => {
  it.each(answers)("by %s is told once, keeps what is written, and goes on after signing in elsewhere", async (name, answer) => {
    await message().fill("half a thought");
    await page.route(api, answer);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await banner().waitFor();
    expect(await banner().count()).toBe(1);
    const text = await page.locator("body").innerText();
    expect(text.match(/session ended/g)).toHaveLength(1);
    expect(text).not.toMatch(/Unexpected token|JSON|unauthorized|cannot be reached/i);
    expect(await message().inputValue()).toBe("half a thought");
    if (name === "its sign-in page") expect(await lookAt(page, "session-ended")).toEqual([]);
    // Still not signed in.
    await comeBack();
    await banner().waitFor();
    await page.unroute(api);
    await comeBack();
    await banner().waitFor({ state: "detached" });
    expect(await message().inputValue()).toBe("half a thought");
  });

  it("leads back in with one press, and the text is there", async () => {
    await message().fill("another thought");
    await page.route(api, (route) => route.fulfill({ status: 401, body: "" }));
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await banner().waitFor();
    await page.unroute(api);
    await banner().getByRole("button", { name: "Sign in" }).click();
    await banner().waitFor({ state: "detached" });
    await expect.poll(() => message().inputValue()).toBe("another thought");
  });

  it("is told over an open dialog, which stays as it was", async () => {
    await page
      .getByRole("link", { name: "Bricklayer, all projects" })
      .or(page.getByRole("link", { name: /All projects|Bricklayer/ }))
      .first()
      .click();
    await page.getByRole("button", { name: "New project" }).first().click();
    await page.getByRole("textbox", { name: "Name" }).fill("Fares");
    await page.route(api, (route) => route.fulfill({ status: 200, contentType: "text/html", body: signIn }));
    await page.getByRole("button", { name: "Create project" }).click();
    await banner().waitFor();
    await banner().getByText("What you were writing is kept.").click();
    expect(await page.getByRole("textbox", { name: "Name" }).inputValue()).toBe("Fares");
    expect(await lookAt(page, "session-ended-dialog")).toEqual([]);
    await page.unroute(api);
    await comeBack();
    await banner().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Create project" }).click();
    await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  });

  it("brings back the dialog that one was writing in", async () => {
    await page.goto(host.url);
    await page.getByRole("button", { name: "New project" }).first().click();
    await page.getByRole("textbox", { name: "Name" }).fill("Tips by hour");
    await signOutAndIn(() => page.getByRole("button", { name: "Create project" }).click());
    expect(await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).inputValue()).toBe("Tips by hour");
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("button", { name: "New project" }).first().waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.goto(`${host.url}/plugins`);
    await page.getByRole("button", { name: "Add plugin" }).click();
    await page.getByRole("radio", { name: "From an address" }).check();
    await page.getByLabel("Address", { exact: true }).fill("oci://registry.example/team/weather:1.2.0");
    await signOutAndIn(() => page.getByRole("button", { name: "Look at it" }).click());
    expect(await page.getByLabel("Address", { exact: true }).inputValue()).toBe("oci://registry.example/team/weather:1.2.0");
    await page.keyboard.press("Escape");
  });

  it("says nothing of a lost connection, and brings back what was written in the conversation", async () => {
    await page.goto(host.url);
    await page.getByRole("link", { name: /^Taxi demand/ }).click();
    await ask(page, '/execute_sql {"statement": "SELECT 7 AS seven"}');
    await page.getByRole("button", { name: /Run SQL.*1 row/ }).waitFor();
    await turnEnded(page);
    await message().fill("what I was about to ask");
    const title = page.getByRole("navigation", { name: "Conversations" }).getByRole("listitem").first();
    await title.hover();
    await title.getByRole("button", { name: /^Actions for/ }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "Title" }).fill("Seven");
    await page.route(api, (route) => route.fulfill({ status: 401, body: "" }));
    await page.getByRole("button", { name: "Rename" }).click();
    await banner().waitFor();
    // Nobody is reached either: still there is one thing to do, and one place that says it.
    await page.unroute(api);
    await page.route(api, (route) => route.abort());
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await comeBack();
    await comeBack();
    expect(await page.locator("body").innerText()).not.toMatch(/Connection lost|does not answer|out of date/i);
    await page.unroute(api);
    await banner().getByRole("button", { name: "Sign in" }).click();
    await banner().waitFor({ state: "detached" });
    expect(await page.getByRole("dialog").getByRole("textbox", { name: "Title" }).inputValue()).toBe("Seven");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("heading", { name: "Seven" }).waitFor();
    expect(await message().inputValue()).toBe("what I was about to ask");
  });

  it("is told to who opens a page, and nothing else fails beside it", async () => {
    await page.route(api, (route) => route.fulfill({ status: 200, contentType: "text/html", body: signIn }));
    const conversation = new URL(page.url()).pathname;
    expect(conversation).toContain("/c/");
    for (const path of ["/", "/plugins", conversation]) {
      await page.goto(`${host.url}${path}`);
      await banner().waitFor();
      await page.getByText("Shown when you are signed in again.").first().waitFor();
      expect(await page.getByRole("alert").count()).toBe(1);
    }
  });
});
