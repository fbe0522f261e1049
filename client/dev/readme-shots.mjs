// Takes the README's pictures from a running host that is new: node dev/readme-shots.mjs URL OUTDIR
// `plugins.png` is the browser tests' own picture (e2e/screenshots/plugins-waiting-desk-light.png).
import packed from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const [url, out] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? (await packed.executablePath());
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], headless: true });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light", reducedMotion: "reduce" });
const ask = async (message) => {
  await page.getByLabel("Message", { exact: true }).fill(message);
  await page.getByRole("button", { name: "Send" }).click();
  await page
    .getByRole("button", { name: "Stop" })
    .waitFor({ timeout: 2_000 })
    .catch(() => {});
  await page.getByRole("button", { name: "Send" }).waitFor();
  await page.waitForTimeout(400);
};
const top = () => page.getByRole("log").evaluate((box) => box.scrollTo(0, 0));
await page.goto(url);
await page.getByRole("button", { name: "New project" }).first().click();
await page.getByRole("textbox", { name: "Name" }).fill("Taxi demand");
await page.getByRole("button", { name: "Create project" }).click();
await ask("What tables are there in samples.nyctaxi?");
await page.getByRole("link", { name: "New conversation" }).click();
await ask("Average fare by pickup zip in samples.nyctaxi.trips, top 10");
await page.getByRole("link", { name: "New conversation" }).click();
await ask("Draw a chart of the top 6 busiest pickup hours in samples.nyctaxi.trips, with the average fare in each");
const chart = page.getByRole("img", { name: "Trips by pickup hour" });
await chart.waitFor();
// The chart with its title, and the answer's table under it.
await chart.evaluate((picture) => picture.scrollIntoView({ block: "start" }));
await page.getByRole("log").evaluate((box) => box.scrollBy(0, -70));
await page.mouse.move(640, 20);
await page.waitForTimeout(500);
await page.screenshot({ path: `${out}/answer.png` });
await page.getByRole("link", { name: "New conversation" }).click();
await ask("What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?");
await ask("Save that as report.md");
await page.getByRole("button", { name: /^Files/ }).click();
await page
  .getByRole("complementary", { name: "Files" })
  .getByRole("button", { name: /report\.md/ })
  .click();
await page.emulateMedia({ colorScheme: "dark" });
await page.waitForTimeout(500);
await page.screenshot({ path: `${out}/report-dark.png` });
await page.getByRole("button", { name: "Close files" }).click();
await page.emulateMedia({ colorScheme: "light" });
await page.setViewportSize({ width: 360, height: 740 });
await top();
await page.waitForTimeout(400);
await page.screenshot({ path: `${out}/phone.png` });
await browser.close();
