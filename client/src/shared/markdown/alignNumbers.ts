/**
 * A Markdown plugin: columns of numbers are set right, where their author did not say otherwise. Models rarely say.
 */
interface Node {
  type: string;
  value?: string;
  children?: Node[];
  align?: ("left" | "right" | "center" | null)[];
}

const numberLike = /^[-+]?[$€£]?\s?\d[\d,]*(?:\.\d+)?\s?%?$/;

export function alignNumbers() {
  return (tree: Node): void => visit(tree);
}

function visit(node: Node): void {
  if (node.type === "table") alignTable(node);
  else for (const child of node.children ?? []) visit(child);
}

function alignTable(table: Node): void {
  const [, ...rows] = table.children ?? [];
  if (rows.length === 0) return;
  table.align = (table.align ?? []).map((given, column) => {
    if (given !== null) return given;
    const texts = rows.map((row) => textOf(row.children?.[column]).trim());
    return texts.every((text) => text === "" || numberLike.test(text)) && texts.some((text) => text !== "") ? "right" : null;
  });
}

function textOf(node: Node | undefined): string {
  if (node === undefined) return "";
  return node.value ?? (node.children ?? []).map(textOf).join("");
}
