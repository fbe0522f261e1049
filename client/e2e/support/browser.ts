/** A headless Chromium: the system's where there is one, else the one that an npm package carries. */
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";

/** `CHROMIUM` names a browser, or is `packed` for the one of the npm package although the system has one. */
const chosen = process.env["CHROMIUM"];
const places = chosen === "packed" ? [] : [chosen, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const UNSUITABLE = new Set(["--single-process", "--disable-web-security", "--allow-running-insecure-content"]);

export async function launch(): Promise<Browser> {
  const system = places.find((place) => place !== undefined && existsSync(place));
  if (system !== undefined) return chromium.launch({ executablePath: system, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const { default: packed } = await import("@sparticuz/chromium");
  // Its own arguments suit one page in a cloud function: with them, closing a window ends the browser, and the page's
  // content policy is not enforced.
  const args = packed.args.filter((argument) => !UNSUITABLE.has(argument));
  return chromium.launch({ executablePath: await packed.executablePath(), args: [...args, "--no-sandbox"], headless: true });
}

export interface Watched {
  page: Page;
  /** What went wrong inside the page: uncaught errors, policy violations, requests to other hosts. */
  faults: string[];
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|React|Warning:/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const target = new URL(request.url());
    if (target.hostname !== "127.0.0.1" && target.protocol.startsWith("http")) faults.push(`request to ${target.host}`);
  });
  await page.goto(url);
  return { page, faults };
}
