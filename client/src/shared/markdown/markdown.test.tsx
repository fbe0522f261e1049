import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { BlockBoundary } from "./BlockBoundary";
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
    ["https://docs.example/x", 0],
    ["https://docs.example", 0],
    ["https://docs.example@other.example", 1],
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
describe("what is written otherwise than meant", () => {
  it.each([
    ["5~10 minutes for 3~4 dollars", 0],
    ["~one~", 0],
    ["~~gone~~ and ~not~", 1],
  ])("strikes through only what stands between two tildes: %j", (text, times) => {
    const { container } = render(<Rendered text={text} />);
    expect(container.querySelectorAll("del")).toHaveLength(times);
  });

  it.each([
    ["```mermaid\ngraph TD; A-->B\n```", "Mermaid diagram, as source", "graph TD; A-->B"],
    ["$$\nx_1 + y_2 = *z*\n$$", "Formula, as source", "x_1 + y_2 = *z*"],
    ["\\[ a_1 \\le b_2 \\]", "Formula, as source", "\\[ a_1 \\le b_2 \\]"],
  ])("keeps the source of %j", (text, label, source) => {
    render(<Rendered text={text} />);
    expect(screen.getByText(label)).toBeTruthy();
    expect(screen.getByRole("group", { name: `${label} code` }).textContent).toContain(source);
  });

  it.each(["مرحبا بالعالم", "# عنوان", "- واحد\n- اثنان", "> اقتباس", "| مدينة |\n|---|\n| دبي |"])("runs its own way: %j", (text) => {
    const { container } = render(<Rendered text={text} />);
    expect(container.querySelectorAll("[dir=auto]").length).toBeGreaterThan(0);
  });
});

/** Enough to end any parser that works in the depth of the stack, or in the square of the length. */
const many = 10_000;
const monsters: readonly [string, string][] = [
  ["quotes", `${">".repeat(2_000)} deep`],
  ["quotes with tabs", `${">\t".repeat(2_000)}deep`],
  ["lists", `${"- ".repeat(2_000)}deep`],
  ["numbered lists", `${"1. ".repeat(2_000)}deep`],
  ["quotes and lists", `${"> - ".repeat(1_000)}deep`],
  ["lists by indentation", Array.from({ length: 400 }, (_, level) => `${"  ".repeat(level)}- deep`).join("\n")],
  ["quotes line by line", Array.from({ length: 400 }, (_, level) => `${">".repeat(level)} deep`).join("\n")],
  ["emphasis", `${"*a ".repeat(many)}${"b* ".repeat(many)}`],
  ["emphasis on lines", `${"*a\n".repeat(many)}${"b*\n".repeat(many)}`],
  ["underscores", `${"_a ".repeat(many)}${"b_ ".repeat(many)}`],
  ["strong marks in a row", `${"*".repeat(many)}a${"*".repeat(many)}`],
  ["struck text", `${"~~a ".repeat(many)}${"b~~ ".repeat(many)}`],
  ["brackets", `${"[".repeat(many)}${"]".repeat(many)}`],
  ["links", `${"[a](".repeat(many)}${")".repeat(many)}`],
  ["pictures", "![".repeat(many)],
  ["footnotes", "[^1]".repeat(many)],
  ["a table of many columns", [`|${"a|".repeat(many)}`, `|${"-|".repeat(many)}`, `|${"b|".repeat(many)}`].join("\n")],
  ["a table of many cells", [`|${"a|".repeat(200)}`, `|${"-|".repeat(200)}`, ...Array.from({ length: 200 }, () => `|${"b|".repeat(200)}`)].join("\n")],
  ["one long line", "word ".repeat(200_000)],
  ["one long word", "x".repeat(1_000_000)],
  ["many lines", "line\n".repeat(200_000)],
];

describe("what cannot be laid out", () => {
  it.each(monsters)("is shown as it was written, and costs no other block anything: %s", (_, monster) => {
    const { container } = render(<Rendered text={`# Before\n\n${monster}\n\n# After`} />);
    const figure = screen.getByText(/Shown as it was written/).closest("figure");
    expect(figure?.querySelector("p")?.textContent?.startsWith(monster.slice(0, 1_000))).toBe(true);
    expect(screen.getByRole("heading", { name: "Before" })).toBeTruthy();
    expect(container.querySelectorAll("*").length).toBeLessThan(200);
  });

  it("is whole on demand", async () => {
    const { container } = render(<Rendered text={"x".repeat(150_000)} />);
    await userEvent.click(screen.getByRole("button", { name: "Show all 146 KB" }));
    expect(container.querySelector("figure p")?.textContent).toHaveLength(150_000);
  });

  it.each([
    ["code of any size", `\`\`\`c\n${"int *a[] = {{ *b, *c }};\n".repeat(8_000)}\`\`\``],
    ["code after a line of text", `Look:\n\`\`\`c\n${"[ *a ** [\n".repeat(500)}\`\`\``],
    ["ten quotes", `${"> ".repeat(10)}deep`],
    ["a rule", "*".repeat(120)],
    ["many words in bold", "**a** _b_ ~~c~~ ".repeat(1_000)],
    [
      "a table of 40 columns and 100 rows",
      [`|${"a|".repeat(40)}`, `|${"-|".repeat(40)}`, ...Array.from({ length: 100 }, () => `|${"b|".repeat(40)}`)].join("\n"),
    ],
    ["a list of 1,000 items", "- item\n".repeat(1_000)],
    ["names with underscores", "snake_case_name and *args, **kwargs; 2 * 3 * 4. ".repeat(300)],
  ])("is not %s", (_, text) => {
    render(<Rendered text={text} />);
    expect(screen.queryByText(/Shown as it was written/)).toBeNull();
  });

  it("is one block that fails in drawing, and not the page", () => {
    const { rerender } = render(
      <BlockBoundary text="bad">
        <Broken />
      </BlockBoundary>,
      { onCaughtError: () => undefined },
    );
    expect(screen.getByText("bad")).toBeTruthy();
    rerender(<BlockBoundary text="better">fine now</BlockBoundary>);
    expect(screen.getByText("fine now")).toBeTruthy();
  });
});

function Broken(): never {
  throw new Error("broken");
}
