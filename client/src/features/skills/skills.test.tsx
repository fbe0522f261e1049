import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Skill, SkillList } from "./api/types";
import { SkillDetail } from "./components/SkillDetail";
import { SkillsView } from "./components/SkillsView";
import { parts, switched } from "./model/words";

const sql: Skill = {
  name: "databricks-sql",
  description: "Answers questions with SQL.",
  enabled: true,
  origin: "project",
  replaces: "shipped",
  edited: false,
  copied: true,
  families: [],
  allowed_tools: null,
  license: null,
  compatibility: null,
  warnings: [],
};
const jobs: Skill = { ...sql, name: "databricks-jobs", description: "Makes jobs.", families: ["databricks-jobs"], edited: true };
const mine: Skill = { ...sql, name: "mine", description: "Ours.", copied: false, replaces: null, enabled: false, allowed_tools: "Write" };
const listOf = (skills: Skill[], warnings: string[] = []): SkillList => ({
  skills,
  all_enabled: false,
  enabled_count: skills.filter((skill) => skill.enabled).length,
  total_count: skills.length,
  warnings,
});

type Answer = { status?: number; body: unknown };
let sent: { route: string; body: unknown }[];
let routes: Record<string, Answer>;
const base = "/api/projects/p/skills";
beforeEach(() => {
  sent = [];
  routes = { [`GET ${base}/available`]: { body: listOf([jobs, sql, mine]) } };
  vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) => {
    const route = `${options.method ?? "GET"} ${path}`;
    if (options.method !== undefined && options.method !== "GET") {
      sent.push({ route, body: typeof options.body === "string" ? (JSON.parse(options.body) as unknown) : options.body });
    }
    const { status = 200, body } = routes[route] ?? { status: 404, body: { title: `nothing at ${route}`, detail: `nothing at ${route}` } };
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  history.replaceState(null, "", "/projects/p/skills");
});
afterEach(() => vi.unstubAllGlobals());

function show(children: ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(<QueryClientProvider client={client}>{children}</QueryClientProvider>);
}

describe("the skills of a project", () => {
  it("are listed with whose they are, and switched one by one or all at once", async () => {
    routes[`PUT ${base}/enabled`] = { body: { success: true, enabled_skills: null, all_enabled: true } };
    const user = userEvent.setup();
    show(<SkillsView projectId="p" />);
    const rows = within(await screen.findByRole("list", { name: "Skills" })).getAllByRole("listitem");
    expect(rows.map((row) => within(row).getByRole<HTMLInputElement>("switch").checked)).toEqual([true, true, false]);
    expect(within(rows[0] as HTMLElement).getByText("Edited")).toBeTruthy();
    expect(within(rows[0] as HTMLElement).getByText("Its tools go with it: databricks-jobs")).toBeTruthy();
    expect(within(rows[2] as HTMLElement).getByText("Uploaded")).toBeTruthy();
    expect(within(rows[2] as HTMLElement).getByText("Asks for Write; nothing is allowed by that")).toBeTruthy();
    expect(screen.getByText("2 of 3 on")).toBeTruthy();
    await user.click(screen.getByRole("switch", { name: "databricks-sql" }));
    await waitFor(() => expect(sent).toEqual([{ route: `PUT ${base}/enabled`, body: { enabled_skills: ["databricks-jobs"] } }]));
    await user.click(screen.getByRole("button", { name: "All on" }));
    await waitFor(() => expect(sent[1]?.body).toEqual({ enabled_skills: null }));
  });

  it("say when there are none, when they cannot be loaded, and what is odd", async () => {
    routes[`GET ${base}/available`] = { body: listOf([], ["broken: skipped: it has no description"]) };
    const { unmount } = show(<SkillsView projectId="p" />);
    await screen.findByRole("heading", { name: "No skills here" });
    expect(screen.getByText("broken: skipped: it has no description")).toBeTruthy();
    unmount();
    routes[`GET ${base}/available`] = { status: 500, body: { detail: "the disk is gone" } };
    show(<SkillsView projectId="p" />);
    await screen.findByText("Skills could not be loaded");
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });

  it("are uploaded, and replaced when one says so", async () => {
    routes[`POST ${base}/upload`] = { status: 409, body: { type: "https://bricklayer.dev/problems/skill-exists", detail: "there is one" } };
    routes[`POST ${base}/upload?replace=true`] = { status: 201, body: mine };
    const user = userEvent.setup();
    show(<SkillsView projectId="p" />);
    await user.click(await screen.findByRole("button", { name: "Upload skill" }));
    await user.upload(screen.getByLabelText("Archive"), new File(["PK"], "mine.zip", { type: "application/zip" }));
    await user.click(screen.getByRole("button", { name: "Upload" }));
    await screen.findByText("This project has a skill of that name already.");
    await user.click(screen.getByRole("button", { name: "Replace it" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent.map(({ route }) => route)).toEqual([`POST ${base}/upload`, `POST ${base}/upload?replace=true`]);
    expect(sent[1]?.body).toBeInstanceOf(File);
  });

  it("are copied anew, and what was edited is given up only when one says so", async () => {
    const done = { success: true, message: "Copied 1, left 1 as edited here, removed 0 that the host no longer has." };
    routes[`POST ${base}/reload`] = { body: { ...done, copied: ["databricks-sql"], kept: ["databricks-jobs"], removed: [] } };
    routes[`POST ${base}/reload?discard_edits=true`] = { body: { ...done, message: "Copied 1.", copied: ["databricks-jobs"], kept: [], removed: [] } };
    const user = userEvent.setup();
    show(<SkillsView projectId="p" />);
    await user.click(await screen.findByRole("button", { name: "Reload" }));
    await screen.findByText("Edited here: databricks-jobs.");
    await user.click(screen.getByRole("button", { name: "Give up those changes" }));
    await screen.findByText("Copied 1.");
  });
});

describe("a skill", () => {
  const path = "databricks-sql/SKILL.md";
  const text = "---\nname: databricks-sql\n---\n# SQL\n";
  const file = { path, content: text, filename: "SKILL.md", digest: "d1" };
  beforeEach(() => {
    const leaf = { name: "SKILL.md", path, type: "file", size: 36, children: null };
    const folder = { name: "databricks-sql", path: "databricks-sql", type: "directory", size: null, children: [leaf] };
    routes[`GET ${base}/tree`] = { body: { tree: [folder] } };
    routes[`GET ${base}/file?path=${encodeURIComponent(path)}`] = { body: file };
  });

  it("shows its files, and is changed by what was seen of it", async () => {
    routes[`PUT ${base}/file`] = { status: 422, body: { detail: "it is no valid skill: it has no description" } };
    const user = userEvent.setup();
    show(<SkillDetail projectId="p" path={path} />);
    expect((await screen.findByRole("link", { name: /SKILL\.md/ })).getAttribute("aria-current")).toBe("page");
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const field = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Text of SKILL.md" });
    await user.type(field, "More.");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("It is no valid skill: it has no description.");
    expect(sent).toEqual([{ route: `PUT ${base}/file`, body: { path, content: `${text}More.`, base: "d1" } }]);
    expect(field.value).toBe(`${text}More.`);
    routes[`PUT ${base}/file`] = { body: { ...file, content: `${text}More.`, digest: "d2" } };
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  });

  it("says when a file is not there", async () => {
    show(<SkillDetail projectId="p" path="databricks-sql/absent.md" />);
    await screen.findByText("The file could not be opened");
  });
});

describe("words", () => {
  it("switching the last one on means all", () => {
    expect(switched([sql, mine], "mine", true)).toBeNull();
    expect(switched([sql, mine], "databricks-sql", false)).toEqual([]);
  });

  it("a SKILL.md has two parts", () => {
    expect(parts("---\r\nname: a\r\n---\r\n# A")).toEqual({ front: "name: a", body: "# A" });
    expect(parts("# A\n---\n")).toEqual({ front: null, body: "# A\n---\n" });
  });
});
