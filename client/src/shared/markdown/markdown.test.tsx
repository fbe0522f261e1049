import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Rendered } from "./Rendered";
import { SafeLink, classify } from "./SafeLink";
import { repairTail } from "./repair";
import { splitBlocks } from "./split";

const document = `# Title

Some *text* with \`code\`.

- one

  still one
- two

1. first

2. second

\`\`\`sql
SELECT 1

-- not a cut
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quote

The end.`;

describe("splitting", () => {
  it("loses nothing", () => {
    expect(splitBlocks(document).join("")).toBe(document);
  });
  it("keeps fences and lists whole", () => {
    const blocks = splitBlocks(document);
    expect(blocks.find((block) => block.startsWith("```"))).toContain("-- not a cut\n```");
    expect(blocks.find((block) => block.startsWith("- one"))).toContain("- two");
    expect(blocks.find((block) => block.startsWith("1. first"))).toContain("2. second");
  });
  it("only ever changes its last block while text streams in", () => {
    let before: string[] = [];
    for (let end = 0; end <= document.length; end += 1) {
      const blocks = splitBlocks(document.slice(0, end));
      // A list or an indented line may take up the block before; nothing earlier ever moves.
      for (let index = 0; index < Math.min(before.length, blocks.length) - 2; index += 1) expect(blocks[index]).toBe(before[index]);
      before = blocks;
    }
  });
  it("gives every block the link definitions that it mentions", () => {
    expect(splitBlocks("See [a].\n\nAnd [A].\n\nNone.\n\n[a]: https://x.example").map((block) => block.includes("[a]: https://x.example"))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});

describe("the unfinished end", () => {
  it.each([
    ["| a | b", "| a | b |\n|---|---|"],
    ["| a | b |", "| a | b |\n|---|---|"],
    ["| a | b |\n|--", "| a | b |\n|---|---|"],
    ["| a | b |\n|---|---|\n| 1", "| a | b |\n|---|---|\n| 1"],
    ["**bold", "**bold**"],
    ["half `code", "half `code`"],
    ["see [the docs](https://exa", "see the docs"],
    ["see [the do", "see the do"],
    ["look ![alt](http", "look alt"],
    ["Text\n-", "Text\n"],
    ["Text\n==", "Text\n"],
    ["#", ""],
    ["```sql\nSELECT **", "```sql\nSELECT **"],
    ["plain text.", "plain text."],
    ["done **bold** and", "done **bold** and"],
  ])("%j is shown as %j", (tail, shown) => {
    expect(repairTail(tail)).toBe(shown);
  });

  it("never throws, wherever text is cut", () => {
    for (let end = 0; end <= document.length; end += 1) expect(() => splitBlocks(document.slice(0, end)).map(repairTail)).not.toThrow();
  });

  it("shows a table from its first row on", () => {
    render(<Rendered text={"| Hour | Trips |\n|--"} streaming />);
    expect(screen.getAllByRole("columnheader").map((cell) => cell.textContent)).toEqual(["Hour", "Trips"]);
  });
});

describe("tables", () => {
  it("set numbers right, unless the author said otherwise", () => {
    render(<Rendered text={"| name | trips | zip |\n|---|---|:--|\n| Queens | 1,200 | 10001 |\n| Bronx | $3.50 | 10002 |"} />);
    expect(screen.getAllByRole("columnheader").map((cell) => cell.style.textAlign)).toEqual(["", "right", "left"]);
  });
});

describe("what a model writes", () => {
  it("never becomes HTML", () => {
    const { container } = render(<Rendered text={'<img src=x onerror="alert(1)"> <script>alert(1)</script> <b>hi</b>'} />);
    expect(container.querySelector("img, script, b")).toBeNull();
  });
  it("never loads a picture", () => {
    const { container } = render(<Rendered text="![secret](https://evil.example/p.png?d=1)" />);
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByRole("link", { name: "Image: secret" }).getAttribute("href")).toBe("https://evil.example/p.png?d=1");
  });
  it("shows where a link goes and keeps the opener", () => {
    render(<Rendered text="[docs](https://docs.example/x)" />);
    expect(screen.getByRole("link", { name: "docs" }).getAttribute("rel")).toContain("noopener");
    expect(screen.getByText("(docs.example)")).toBeTruthy();
  });
  it.each([
    ["docs.example/x", 0],
    ["docs.example.evil", 1],
    ["other.example/x", 1],
  ])("says the host beside %j unless that is the text", (text, times) => {
    render(<SafeLink href="https://docs.example/x">{text}</SafeLink>);
    expect(screen.queryAllByText("(docs.example)")).toHaveLength(times);
  });
  it.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "#anchor", ""])("does not link to %j", (href) => {
    expect(classify(href).kind).toBe("none");
  });
  it("links to files of the project", () => {
    expect(classify("./out/report%20one.md")).toEqual({ kind: "file", path: "out/report one.md" });
    expect(classify("//evil.example/x")).toMatchObject({ kind: "web", host: "evil.example" });
  });
});

describe("footnotes", () => {
  it("have their numbers where they are mentioned, and stand at the end", () => {
    const { container } = render(<Rendered text={"One[^b], two[^a], `[^a]`, none[^x].\n\n[^a]: First **note**.\n\n[^b]: Second.\n\nThe end."} />);
    expect([...container.querySelectorAll("sup")].map((mark) => mark.textContent)).toEqual(["1", "2"]);
    expect(container.querySelector("code")?.textContent).toBe("[^a]");
    expect(container.textContent).toContain("none[^x]");
    const notes = screen.getByRole("list", { name: "Footnotes" });
    expect([...notes.querySelectorAll("li")].map((note) => [note.value, note.textContent])).toEqual([
      [1, "Second."],
      [2, "First note."],
    ]);
  });
});

describe("code", () => {
  it("is read as it is, open or closed", () => {
    const { container, rerender } = render(<Rendered text={"```sql\nSELECT 1"} streaming />);
    expect(container.querySelector("pre")?.textContent).toBe("SELECT 1");
    rerender(<Rendered text={"```sql\nSELECT 1\n```\n\nDone."} />);
    expect(container.querySelector("pre")?.textContent).toBe("SELECT 1");
    expect(container.textContent).toContain("Done.");
  });
});
