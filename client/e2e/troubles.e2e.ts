/** The plugins page in trouble: names of any length, packages that are refused, and a host that says no or is gone. */
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Watched, launch, openPage } from "./support/browser";
import { type Host, startHost } from "./support/host";
import { lookAt } from "./support/looks";
import { packageOf } from "./support/packages";

let host: Host;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  host = await startHost();
  browser = await launch();
  watched = await openPage(browser, `${host.url}/plugins`);
  page = watched.page;
});

afterEach(() => page.unrouteAll());

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

const dialog = (): Locator => page.getByRole("dialog");
const tools = ["count_warehouses", "greet"]
  .map((name) => `[tools.${name}]\nread-only = true\ndestructive = false\nidempotent = true\nask = false\n`)
  .join("\n");

function manifest(name: string, more: string): string {
  return `name = "${name}"\nversion = "1.0.0"\nlicence = "Apache-2.0"\n${more}\n${tools}`;
}

const LONG = "a-plugin-whose-name-is-as-long-as-can-be";
const longPath = "/api/2.0/a-very-long-segment-that-never-ends-and-goes-on-and-on/another-long-segment-without-a-place-to-break/{id}/**";
const long = (): Buffer =>
  packageOf({
    manifest: manifest(
      LONG,
      `description = "${"Describes at great length what it does, so that nobody who reads it is left with a question. ".repeat(2).trim()}"
authors = ["Somebody With A Long Name <somebody.with.a.long.name@a-long-host-name.of-a-company.example>", "Another One"]
homepage = "https://plugins.a-long-host-name.of-a-company.example/and/a/long/path/to/the/page"
readme = "README.md"
[grants]
files = "read-write"
state = true
[[grants.http]]
audience = "a-long-host-name-without-an-end.of-some-department.of-a-company.example"
methods = ["GET", "POST"]
paths = ["/v1/**", "/${"x".repeat(90)}/*"]
[[grants.http]]
audience = "workspace"
methods = ["POST", "DELETE"]
paths = ["${longPath.replace("{id}", "*")}"]
credential = true`,
    ),
    readme: `# ${"Title".repeat(20)}\n\n\`${"code".repeat(40)}\`\n\n| a | b |\n|---|---|\n| ${"w".repeat(200)} | 1 |\n`,
  });

async function open(): Promise<void> {
  await page.getByRole("button", { name: "Add plugin" }).click();
}

async function choose(buffer: Buffer): Promise<void> {
  await dialog()
    .getByLabel("Plugin package")
    .setInputFiles({ name: `${LONG}.wasm`, mimeType: "application/wasm", buffer });
  await dialog().getByRole("button", { name: "Look at it" }).click();
}

describe("a package that this host refuses", () => {
  it("is refused in whole sentences, with what to do", async () => {
    await open();
    for (const [bytes, said] of [
      [Buffer.from("<!doctype html><title>Not found</title>"), /It is a web page|Not a WebAssembly/i],
      [packageOf({ manifest: "name = " }), /string values must be quoted/],
      [packageOf({ manifest: manifest("greedy", 'description = "Wants much."\n[limits]\nmemory-mib = 4000') }), /memory|MiB/i],
    ] as const) {
      await choose(bytes);
      const alert = dialog().getByRole("alert");
      await alert.filter({ hasText: said }).waitFor();
      expect(
        await dialog()
          .getByRole("button", { name: /^Install/ })
          .count(),
      ).toBe(0);
      expect((await alert.innerText()).trim()).toMatch(/[.!?]$/);
      expect(await lookAt(page, "trouble-refused", "phone")).toEqual([]);
    }
  });

  it.each([
    [403, { detail: "you may not install plugins on this host" }, "The package could not be looked at", "You may not install plugins on this host."],
    [413, {}, "This package was not accepted", "This is larger than Bricklayer takes."],
    [429, { detail: "too many packages are being looked at", retry_after_seconds: 5 }, "The package could not be looked at", "It can be tried again in 5.0 s."],
    [500, {}, "The package could not be looked at", "Bricklayer had a problem with this request."],
  ])("by an answer of %i says so and can be tried again", async (status, body, title, words) => {
    await page.route("**/api/plugins/inspect", (route) => route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify(body) }));
    await choose(long());
    const alert = dialog().getByRole("alert");
    await alert.filter({ hasText: words }).waitFor();
    expect(await alert.innerText()).toContain(title);
    expect(await dialog().getByRole("button", { name: "Look at it" }).isEnabled()).toBe(true);
  });
});

describe("a plugin with long names", () => {
  it("keeps inside the window in every state", async () => {
    await choose(long());
    await dialog().getByRole("button", { name: "Give all" }).click();
    expect(await lookAt(page, "trouble-long-review")).toEqual([]);
    await page.route("**/api/plugins", (route) =>
      route.request().method() === "POST"
        ? route.fulfill({
            status: 409,
            contentType: "application/problem+json",
            body: JSON.stringify({ detail: "a plugin of this name was installed meanwhile" }),
          })
        : route.fallback(),
    );
    await dialog()
      .getByRole("button", { name: /^Install/ })
      .click();
    await dialog()
      .getByRole("alert")
      .filter({ hasText: "Nothing was installed" })
      .filter({ hasText: "A plugin of this name was installed meanwhile." })
      .waitFor();
    await page.unrouteAll();
    await dialog()
      .getByRole("button", { name: /^Install/ })
      .click();
    await page.getByRole("tab", { name: /Powers/ }).waitFor();
    expect(await lookAt(page, "trouble-long-powers")).toEqual([]);
    await page.getByRole("tab", { name: /Tools/ }).click();
    await page.getByRole("tab", { name: "About" }).click();
    await page.getByRole("article", { name: "README" }).getByRole("heading").waitFor();
    expect(await lookAt(page, "trouble-long-about")).toEqual([]);
    await page.getByRole("tab", { name: "Activity" }).click();
    await page.getByRole("table", { name: "Calls, requests and changes" }).waitFor();
    expect(await lookAt(page, "trouble-long-activity")).toEqual([]);
    await page.getByRole("link", { name: "Plugins", exact: true }).first().click();
    await page.getByRole("region", { name: "Added" }).waitFor();
    expect(await lookAt(page, "trouble-long-list")).toEqual([]);
  });
});

describe("a host that says no", () => {
  it("to a change of powers leaves what is so, and says why", async () => {
    await page.getByRole("region", { name: "Added" }).getByRole("link").click();
    await page.route("**/grants", (route) => route.fulfill({ status: 403, contentType: "application/problem+json", body: "{}" }));
    const given = page.getByRole("switch", { name: /Read files|store of its own/ }).first();
    await given.waitFor();
    const before = await given.isChecked();
    await given.click();
    await page.getByRole("alert").filter({ hasText: "That was not changed" }).filter({ hasText: "You may not do this." }).waitFor();
    await expect.poll(() => given.isChecked()).toBe(before);
    expect(await lookAt(page, "trouble-grants")).toEqual([]);
  });

  it("keeps an open menu beside its button, whatever moves under it", async () => {
    const button = page.getByRole("button", { name: /^Actions for/ });
    const menu = page.getByRole("menu");
    await button.click();
    await menu.waitFor();
    for (const height of [700, 300, 860]) {
      await page.setViewportSize({ width: 1280, height });
      await page.evaluate(() => {
        for (const target of [document, window, ...document.querySelectorAll("main, main *")]) target.dispatchEvent(new Event("scroll"));
      });
      expect(await menu.isVisible()).toBe(true);
      const apart = async (): Promise<number> => {
        const [own, other] = [await button.boundingBox(), await menu.boundingBox()];
        return own === null || other === null ? Infinity : Math.min(Math.abs(other.y - own.y - own.height), Math.abs(own.y - other.y - other.height));
      };
      await expect.poll(apart).toBeLessThan(20);
    }
    await button.click();
    await menu.waitFor({ state: "detached" });
    await button.press("Enter");
    await menu.getByRole("menuitem").first().waitFor();
    expect(await lookAt(page, "menu")).toEqual([]);
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "detached" });
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("to its removal keeps the question open", async () => {
    await page.route("**/api/plugins/*", (route) =>
      route.request().method() === "DELETE" ? route.fulfill({ status: 500, contentType: "text/html", body: "<h1>oops</h1>" }) : route.fallback(),
    );
    await page.getByRole("button", { name: /^Actions for/ }).click();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    await dialog().getByRole("button", { name: "Remove plugin" }).click();
    await dialog().getByRole("alert").filter({ hasText: "Bricklayer had a problem" }).waitFor();
    expect(await lookAt(page, "trouble-remove")).toEqual([]);
    await page.keyboard.press("Escape");
  });

  it("when it is gone shows what was known, and says that it may be old", async () => {
    await page.route("**/api/**", (route) => route.abort());
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    const old = page.getByRole("status").filter({ hasText: "What you see may be out of date" });
    await old.waitFor();
    expect(await page.getByRole("tab", { name: /Powers/ }).count()).toBe(1);
    expect(await lookAt(page, "trouble-offline")).toEqual([]);
    await page.getByRole("link", { name: "Plugins", exact: true }).first().click();
    await page.getByRole("heading", { name: "Plugins", level: 1 }).waitFor();
    await old.waitFor();
    await page.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("region", { name: "Added" }).waitFor();
    await old.waitFor({ state: "detached" });
  });
});
