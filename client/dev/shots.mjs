// Screenshots of component states against `cargo xtask dev`. Usage: node dev/shots.mjs URL OUTDIR [name filter]
import { chromium } from "playwright-core";
import axe from "axe-core";

const [url, out, only = ""] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const api = async (path, body, method = "POST") =>
  (await fetch(url + path, { method, headers: { "content-type": "application/json" }, ...(body ? { body: JSON.stringify(body) } : {}) })).json();

async function shot(page, name) {
  await page.screenshot({ path: `${out}/${name}.png` });
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const bad = violations.filter((v) => ["serious", "critical"].includes(v.impact));
  console.log(
    name,
    overflow > 0 ? `OVERFLOW ${overflow}` : "",
    bad
      .map(
        (v) =>
          `${v.id}: ${v.nodes
            .slice(0, 3)
            .map((n) => n.target.join(" ") + " " + n.failureSummary.split("\n")[1])
            .join(" | ")}`,
      )
      .join("\n   "),
    violations
      .filter((v) => !bad.includes(v))
      .map((v) => v.id + "(" + v.impact + ")")
      .join(","),
  );
}

const modes = [
  { name: "desk-light", width: 1280, height: 860, colorScheme: "light" },
  { name: "desk-dark", width: 1280, height: 860, colorScheme: "dark" },
  { name: "phone-light", width: 360, height: 740, colorScheme: "light" },
  { name: "phone-dark", width: 360, height: 740, colorScheme: "dark" },
];
const scenarios = ["busiest", "drop", "fail", "broken", "big", "markdown", "retry", "slow"];
const prompts = {
  busiest: "What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?",
  drop: "Please drop the table main.sales.orders_2023",
  fail: "fail: show me samples.nyctaxi.tripz",
  broken: "Something broken",
  big: "Show me a big result",
  markdown: "markdown tour please",
  retry: "retry",
  slow: "Run a slow statement",
};
const wanted = (n) => only === "" || n.includes(only);

const empty = await browser.newPage();
empty.on("pageerror", (e) => console.log("PAGEERROR", e.message));
empty.on("console", (m) => m.type() === "error" && console.log("CONSOLE", m.text()));
if (wanted("home-empty")) {
  await empty.setViewportSize({ width: 1280, height: 860 });
  await empty.goto(url + "/");
  await empty.waitForTimeout(600);
  await shot(empty, "home-empty");
}
await empty.close();
const project = await api("/api/projects", { name: "Taxi demand" });
await api("/api/projects", { name: "Churn in the north-west region" });
const ids = {};
for (const s of scenarios) ids[s] = await api("/api/invoke_agent", { project_id: project.id, message: prompts[s] });
await new Promise((r) => setTimeout(r, 9000));
await api("/api/invoke_agent", { project_id: project.id, conversation_id: ids.busiest.conversation_id, message: "Save that as report.md" });
await new Promise((r) => setTimeout(r, 2500));
for (const { name, width, height, colorScheme } of modes) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  page.on("pageerror", (e) => console.log("PAGEERROR", e.message));
  if (wanted("home")) {
    await page.goto(url + "/");
    await page.waitForTimeout(500);
    await shot(page, `${name}-home`);
  }
  if (wanted("new")) {
    await page.goto(`${url}/projects/${project.id}`);
    await page.waitForTimeout(700);
    await shot(page, `${name}-new`);
  }
  for (const s of scenarios) {
    if (!wanted(s)) continue;
    await page.goto(`${url}/projects/${project.id}/c/${ids[s].conversation_id}`);
    await page.waitForTimeout(900);
    await shot(page, `${name}-${s}`);
    if (s === "busiest") {
      await page.locator("[role=log]").evaluate((e) => e.scrollTo(0, 0));
      await page.waitForTimeout(300);
      await shot(page, `${name}-${s}-top`);
      await page
        .locator("button[aria-expanded]")
        .nth(2)
        .click()
        .catch(() => {});
      await page
        .locator("article article button[aria-expanded]")
        .nth(1)
        .click()
        .catch(() => {});
      await page.waitForTimeout(300);
      await shot(page, `${name}-${s}-open`);
    }
  }
  if (wanted("files")) {
    await page.goto(`${url}/projects/${project.id}/c/${ids.busiest.conversation_id}?files`);
    await page.waitForTimeout(700);
    await shot(page, `${name}-files`);
    await page.goto(`${url}/projects/${project.id}/c/${ids.busiest.conversation_id}?file=report.md`);
    await page.waitForTimeout(700);
    await shot(page, `${name}-file`);
    await page.goto(`${url}/projects/${project.id}/c/${ids.busiest.conversation_id}?file=data%2Fhours.csv`);
    await page.waitForTimeout(700);
    await shot(page, `${name}-file-csv`);
  }
  if (wanted("dialog")) {
    await page.goto(`${url}/projects/${project.id}`);
    await page.waitForTimeout(500);
    await page.getByRole("button", { name: /Warehouse and catalog/ }).click();
    await page.waitForTimeout(400);
    await shot(page, `${name}-dialog-settings`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+/");
    await page.waitForTimeout(300);
    await shot(page, `${name}-dialog-help`);
    await page.keyboard.press("Escape");
    if (width < 800) {
      await page.getByRole("button", { name: "Show sidebar" }).click();
      await page.waitForTimeout(400);
      await shot(page, `${name}-dialog-drawer`);
    }
  }
  await page.close();
}
await browser.close();
