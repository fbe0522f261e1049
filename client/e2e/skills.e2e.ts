/** Skills through the page against the real host: found, read, switched, changed, uploaded, used, removed. */
import { crc32 } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProject } from "./support/actions";
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
});

afterAll(async () => {
  await browser?.close();
  await host?.stop();
});

/** A ZIP archive of one file, stored as it is. */
function archive(name: string, text: string): Buffer {
  const content = Buffer.from(text);
  const path = Buffer.from(name);
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt32LE(crc32(content), 10);
  head.writeUInt32LE(content.length, 14);
  head.writeUInt32LE(content.length, 18);
  head.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), head, path, content]);
  const directory = Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), head, Buffer.alloc(14), path]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, directory, end]);
}

const back = async (): Promise<void> => {
  await page.getByRole("link", { name: "All skills" }).click();
  await page.getByRole("heading", { name: "Skills", level: 1 }).waitFor();
};

describe("a person who looks at skills", () => {
  it("finds those of the host in a new project", async () => {
    await createProject(page, "Taxi demand");
    await page.getByRole("link", { name: "Skills", exact: true }).click();
    await page.getByRole("heading", { name: "Skills", level: 1 }).waitFor();
    await page.getByRole("link", { name: /databricks-sql/ }).waitFor();
    expect(await page.getByRole("switch").count()).toBeGreaterThanOrEqual(13);
    expect(await lookAt(page, "skills")).toEqual([]);
  });

  it("switches one off, and it stays off", async () => {
    const mlflow = page.getByRole("switch", { name: "mlflow-evaluation" });
    await mlflow.focus();
    // The page shows it at once; it stays off once the host has it.
    const kept = page.waitForResponse((response) => response.request().method() === "PUT");
    await page.keyboard.press("Space");
    await page.getByText(/12 of 13 on/).waitFor();
    await kept;
    await page.reload();
    await page.getByText(/12 of 13 on/).waitFor();
    expect(await mlflow.isChecked()).toBe(false);
  });

  it("reads one, with its files beside it", async () => {
    await page.getByRole("link", { name: /databricks-jobs/ }).click();
    await page.getByRole("heading", { name: "Databricks jobs", level: 1 }).waitFor();
    expect(await lookAt(page, "skill")).toEqual([]);
    await page.getByRole("link", { name: /task-kinds\.md/ }).click();
    await page.getByRole("heading", { name: "Kinds of tasks" }).waitFor();
  });

  it("changes one; what is no skill any more is refused and kept in the field", async () => {
    await page.getByRole("link", { name: /SKILL\.md/ }).click();
    await page.getByRole("heading", { name: "Databricks jobs", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    const field = page.getByRole("textbox", { name: "Text of SKILL.md" });
    const text = await field.inputValue();
    await field.fill(text.replace("name: databricks-jobs", "name: Other"));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("It was not saved").waitFor();
    expect(await lookAt(page, "skill-editor-refused")).toEqual([]);
    await field.fill(`${text}\n## Our own rule\n`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Our own rule" }).waitFor();
    await back();
    await page.getByText("Edited", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Give up the changes of databricks-jobs" }).click();
    await page.getByRole("button", { name: "Give up changes" }).click();
    await page.getByText("Edited", { exact: true }).waitFor({ state: "detached" });
  });

  it("uploads one, and removes it", async () => {
    await page.getByRole("button", { name: "Upload skill" }).click();
    expect(await lookAt(page, "skill-upload")).toEqual([]);
    const upload = page.getByLabel("Archive");
    await upload.setInputFiles({ name: "bad.zip", mimeType: "application/zip", buffer: Buffer.from("no archive") });
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByText(/it is no ZIP archive/).waitFor();
    const buffer = archive("house-style/SKILL.md", "---\nname: house-style\ndescription: How our reports look.\n---\nBlack and red.\n");
    await upload.setInputFiles({ name: "house-style.zip", mimeType: "application/zip", buffer });
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByRole("link", { name: /house-style/ }).waitFor();
    await page.getByText("Uploaded", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Remove house-style" }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("link", { name: /house-style/ }).waitFor({ state: "detached" });
  });
});
