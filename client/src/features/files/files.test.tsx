import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadContent } from "@/api/content";
import { fileUrl } from "@/api/files";
import type { ProjectFile } from "@/api/types";
import { FileList } from "./components/FileList";
import { FileViewer } from "./components/FileViewer";
import { fileRows } from "./model/tree";

afterEach(() => vi.unstubAllGlobals());

const KB = 1_024;
const wanted = { whole: 100 * KB, head: 10 * KB, tail: 2 * KB, bytes: false };
const textType = { "content-type": "text/plain; charset=utf-8" };

/** A host that has one file; `taken`: bytes that somebody read of an answer. */
function serve(
  bytes: Uint8Array<ArrayBuffer>,
  { ranges, type = textType }: { ranges: boolean; type?: Record<string, string> },
): { taken: number; asked: string[] } {
  const log = { taken: 0, asked: [] as string[] };
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
    const range = new Headers(init.headers).get("range") ?? "";
    log.asked.push(range);
    const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
    const start = from === "" ? Math.max(0, bytes.length - Number(to)) : Number(from);
    const end = from === "" || to === "" ? bytes.length : Math.min(bytes.length, Number(to) + 1);
    const part = ranges ? bytes.subarray(start, end) : bytes;
    let at = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (at >= part.length) return controller.close();
          const piece = part.subarray(at, at + 16 * KB);
          at += piece.length;
          log.taken += piece.length;
          controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
    // As a compressed answer: without its length.
    const headers = ranges ? { ...type, "content-range": `bytes ${start}-${end - 1}/${bytes.length}` } : type;
    return Promise.resolve(new Response(body, { status: ranges ? 206 : 200, headers }));
  });
  return log;
}

const load = (): ReturnType<typeof loadContent> => loadContent("/f", wanted, new AbortController().signal);
const log = (lines: number): Uint8Array<ArrayBuffer> => new TextEncoder().encode(Array.from({ length: lines }, (_, line) => `line ${line} ü\n`).join(""));

describe("reading a file", () => {
  it.each([true, false])("takes all of a small one (ranges: %s)", async (ranges) => {
    serve(log(10), { ranges });
    const content = await load();
    expect(content.kind === "text" && content.text.split("\n")).toHaveLength(11);
  });

  it("takes head and tail of a large one, in whole lines, and says how much is between", async () => {
    const bytes = log(100_000);
    const served = serve(bytes, { ranges: true });
    const content = await load();
    if (content.kind !== "cut") throw new Error(content.kind);
    expect(content.head.startsWith("line 0 ü\n")).toBe(true);
    expect(content.head.endsWith("ü\n")).toBe(true);
    expect(content.tail).toMatch(/^line \d+ ü\n/);
    expect(content.tail.endsWith("line 99999 ü\n")).toBe(true);
    const encoder = new TextEncoder();
    expect(encoder.encode(content.head).length + encoder.encode(content.tail).length + (content.hidden ?? 0)).toBe(bytes.length);
    expect(served.taken).toBeLessThan(150 * KB);
    expect(served.asked).toEqual([`bytes=0-${100 * KB - 1}`, `bytes=-${2 * KB}`]);
  });

  it("stops reading a large one from a host that sends everything, and says no length", async () => {
    const served = serve(log(1_000_000), { ranges: false });
    const content = await load();
    expect(content).toMatchObject({ kind: "cut", tail: "", size: null, hidden: null });
    expect(served.taken).toBeLessThan(150 * KB);
  });

  it("takes nothing of what is no text", async () => {
    const served = serve(new Uint8Array(500 * KB), { ranges: true, type: { "content-type": "application/octet-stream" } });
    expect(await load()).toEqual({ kind: "other", size: 500 * KB });
    expect(served.taken).toBeLessThan(20 * KB);
  });

  it.each([
    ["a b/c#d?.md", "/api/projects/p/files/a%20b/c%23d%3F.md"],
    ['q"uo\n%te', "/api/projects/p/files/q%22uo%0A%25te"],
    ["half\uD83D", "/api/projects/p/files/half%EF%BF%BD"],
    ["\u202Efdp", "/api/projects/p/files/%E2%80%AEfdp"],
  ])("asks for %j by its address", (path, url) => expect(fileUrl("p", path)).toBe(url));
});

function view(path: string, text: string): void {
  serve(new TextEncoder().encode(text), { ranges: true });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FileViewer projectId="p" path={path} size={null} />
    </QueryClientProvider>,
  );
}

describe("a notebook", () => {
  it("of Jupyter is shown as cells with their outputs", async () => {
    const cells = [
      { cell_type: "markdown", source: ["# Fares\n", "by hour"] },
      {
        cell_type: "code",
        source: "print(1)",
        outputs: [
          { output_type: "stream", text: ["1\n"] },
          { output_type: "display_data", data: { "image/png": "iVBORw0KGgo=" } },
          { output_type: "error", traceback: ["\u001B[31mZeroDivisionError\u001B[0m"] },
          { output_type: "display_data", data: { "text/html": "<script>alert(1)</script>", "text/plain": "a frame" } },
        ],
      },
    ];
    view("a.ipynb", JSON.stringify({ cells, metadata: { language_info: { name: "python" } } }));
    expect(await screen.findByRole("group", { name: "[2] python code" })).toBeTruthy();
    expect(screen.getByRole("group", { name: "error code" }).textContent).toBe("ZeroDivisionError");
    expect(screen.getByRole("img").getAttribute("src")).toBe("data:image/png;base64,iVBORw0KGgo=");
    expect(screen.getByText("a frame")).toBeTruthy();
    expect(document.querySelector("script")).toBeNull();
  });

  it("of Databricks is shown as cells", async () => {
    view(
      "a.py",
      "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n# MAGIC %md\n# MAGIC Hello\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC SELECT 1\n",
    );
    expect((await screen.findByRole("group", { name: "[1] python code" })).textContent).toBe("x = 1");
    expect(await screen.findByText("Hello")).toBeTruthy();
    expect(screen.getByRole("group", { name: "[3] sql code" }).textContent).toContain("SELECT 1");
  });

  it.each(["{", "[]", '{"cells": 3}'])("that is none is shown as it is: %s", async (text) => {
    view("a.ipynb", text);
    expect((await screen.findByRole("group", { name: "ipynb code" })).textContent).toBe(text);
  });
});

const file = (path: string, size = 1, modified = "2026-01-01T00:00:00Z"): ProjectFile => ({
  path,
  name: path.split("/").at(-1) ?? "",
  url_path: path,
  size,
  modified,
});
const files = [file("b.md", 5), file("a/x10.csv", 9, "2026-03-01T00:00:00Z"), file("a/x9.csv"), file("a/deep/z.txt", 7)];
const told = (view: Partial<Parameters<typeof fileRows>[1]>): string[] =>
  fileRows(files, { filter: "", order: "name", closed: new Set(), ...view }).map((row) => (row.kind === "file" ? row.file.path : `${row.path}/ ${row.files}`));

describe("the list of files", () => {
  it.each([
    [{}, ["a/ 3", "a/deep/ 1", "a/deep/z.txt", "a/x9.csv", "a/x10.csv", "b.md"]],
    [{ closed: new Set(["a"]) }, ["a/ 3", "b.md"]],
    [{ filter: "CSV a/" }, ["a/x9.csv", "a/x10.csv"]],
    [{ order: "newest" as const }, ["a/x10.csv", "b.md", "a/x9.csv", "a/deep/z.txt"]],
    [{ order: "largest" as const }, ["a/x10.csv", "a/deep/z.txt", "b.md", "a/x9.csv"]],
  ])("for %o is a tree, or flat in its order", (view, rows) => expect(told(view)).toEqual(rows));

  it("draws what is in view, says that there are more, and hides nothing in a name", async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => file(`f${index}.txt`));
    const opened: string[] = [];
    render(<FileList files={[file("rtl-\u202Efdp.md"), ...many]} truncated onOpen={(path) => opened.push(path)} />);
    expect(screen.getAllByRole("listitem").length).toBeLessThan(60);
    expect(screen.getByRole("status").textContent).toContain("Only 2,001 files are listed; there are more");
    await userEvent.type(screen.getByRole("searchbox", { name: "Filter files" }), "rtl");
    await userEvent.click(screen.getByRole("button", { name: /^rtl-\s*⟨U\+202E⟩\s*fdp\.md/ }));
    expect(opened).toEqual(["rtl-\u202Efdp.md"]);
  });
});
