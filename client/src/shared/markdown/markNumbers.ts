/** A plugin for the drawn tree: each number outside of code and links gets an element of its own. */
import { numbersOf } from "./numbers";

interface Node {
  type: string;
  tagName?: string;
  value?: string;
  children?: Node[];
  properties?: Record<string, string>;
}

const without = new Set(["code", "pre", "a", "sup"]);

export function markNumbers() {
  return (tree: Node): void => visit(tree);
}

function visit(node: Node): void {
  if (node.children === undefined || without.has(node.tagName ?? "")) return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text") return parts(child.value ?? "");
    visit(child);
    return [child];
  });
}

function parts(text: string): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  for (const { text: found, index } of numbersOf(text)) {
    if (index > at) nodes.push({ type: "text", value: text.slice(at, index) });
    nodes.push({ type: "element", tagName: "data", properties: { value: found }, children: [{ type: "text", value: found }] });
    at = index + found.length;
  }
  if (at < text.length || nodes.length === 0) nodes.push({ type: "text", value: text.slice(at) });
  return nodes;
}
