/** Looks at a state: in both themes, at desktop and phone width, with axe, and keeps a picture of each. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";

const folder = join(import.meta.dirname, "../screenshots");

const themes = ["light", "dark"] as const;
/** The rules about colours that are on by themselves. */
const aboutColors = ["color-contrast", "link-in-text-block"] as const;
const sizes = [
  { name: "desk", width: 1280, height: 860 },
  { name: "phone", width: 360, height: 740 },
] as const;

/**
 * What is wrong with the state as it stands: serious accessibility findings, and anything wider than the window. A theme
 * changes colours only, so in the second one only rules about colours are asked again.
 */
async function findings(page: Page, theme: (typeof themes)[number]): Promise<string[]> {
  // `evaluate` runs in the tool's own right; the page's policy would not let a script in.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const rules: axe.RunOptions = theme === themes[0] ? {} : { runOnly: [...aboutColors] };
  const violations = await page.evaluate(async (rules) => {
    const runner = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations } = await runner.run(document, { resultTypes: ["violations"], ...rules });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(" ")} (${node.failureSummary ?? ""})`).join("; ")}`);
  }, rules);
  return [...violations, ...(await cutOff(page))];
}

/** What does not fit: into the window, into its dialog, or above the window's lower edge. */
async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`the page is ${wide}px wider than the window`);
    for (const dialog of document.querySelectorAll('[role="dialog"]')) {
      const more = dialog.scrollWidth - dialog.clientWidth;
      if (more > 0) found.push(`a dialog's content is ${more}px wider than the dialog`);
    }
    const field = document.querySelector("[data-composer]")?.closest("form")?.getBoundingClientRect();
    if (field !== undefined && field.bottom > innerHeight) found.push(`the message field ends ${Math.round(field.bottom - innerHeight)}px below the window`);
    return found;
  });
}

/** Looks at one state in every way; each finding names the look it was found in. */
export async function lookAt(page: Page, name: string, only?: "desk" | "phone"): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const before = page.viewportSize();
  const found: string[] = [];
  for (const size of sizes) {
    if (only !== undefined && size.name !== only) continue;
    await page.setViewportSize({ width: size.width, height: size.height });
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await page.screenshot({ path: join(folder, `${name}-${size.name}-${colorScheme}.png`) });
      found.push(...(await findings(page, colorScheme)).map((finding) => `${name}, ${size.name}, ${colorScheme}: ${finding}`));
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  if (before !== null) await page.setViewportSize(before);
  await settled(page);
  return found;
}

/** Transitions are done and two frames were drawn. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await Promise.allSettled(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getTiming().iterations !== Infinity)
        .map((animation) => animation.finished),
    );
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
  });
}
