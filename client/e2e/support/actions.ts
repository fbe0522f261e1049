/** What a person does, in the words of the page. */
import type { Page } from "playwright-core";

export async function createProject(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "New project" }).first().click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create project" }).click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
}

export async function ask(page: Page, message: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(message);
  await page.getByRole("button", { name: "Send" }).click();
}

/** The turn is over when the composer offers to send again. */
export async function turnEnded(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Send" }).waitFor();
}

/** The text of the last answer. */
export async function lastAnswer(page: Page): Promise<string> {
  return page
    .getByRole("article", { name: /^You asked/ })
    .last()
    .innerText();
}
