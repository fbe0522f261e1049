/**
 * A Markdown plugin: mentions of footnotes become their numbers. The blocks of a text are parsed one by one, so the
 * numbers come from outside, and what is not defined anywhere stays as it was written.
 */
interface Node {
  type: string;
  value?: string;
  children?: Node[];
  data?: { hName: string; hProperties: Record<string, string> };
}

/** @param numbers by label, written as `label number` lines: equal texts are equal numbers. */
export function footnoteMarks(numbers: string) {
  const byLabel = new Map(numbers.split("\n").map((line): [string, string] => [line.replace(/ \d+$/, ""), /\d+$/.exec(line)?.[0] ?? ""]));
  return () =>
    (tree: Node): void => {
      if (numbers !== "") visit(tree, byLabel);
    };
}

/** What `footnoteMarks` takes, of the footnotes that a block mentions. */
export function numbersIn(block: string, notes: ReadonlyMap<string, number>): string {
  if (notes.size === 0 || !block.includes("[^")) return "";
  return [...notes].flatMap(([label, number]) => (block.includes(`[^${label}]`) ? [`${label} ${number}`] : [])).join("\n");
}

function visit(node: Node, byLabel: ReadonlyMap<string, string>): void {
  if (node.children === undefined) return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text") return marked(child.value ?? "", byLabel);
    visit(child, byLabel);
    return [child];
  });
}

function marked(text: string, byLabel: ReadonlyMap<string, string>): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  for (const match of text.matchAll(/\[\^([^\]\s]+)\]/g)) {
    const number = byLabel.get(match[1] ?? "");
    if (number === undefined) continue;
    if (match.index > at) nodes.push({ type: "text", value: text.slice(at, match.index) });
    nodes.push({ type: "footnoteMark", data: { hName: "sup", hProperties: { title: `Footnote ${number}` } }, children: [{ type: "text", value: number }] });
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push({ type: "text", value: text.slice(at) });
  return nodes;
}
