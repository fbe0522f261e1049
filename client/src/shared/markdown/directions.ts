/**
 * A plugin on the tree of elements: each block runs the way its own text does. Paragraphs of a list or a quote follow
 * it, so that its marks stand at one side; the styles turn the text of each.
 */
interface Element {
  type: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: Element[];
}

const directed: ReadonlySet<string> = new Set(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "th", "td"]);

export function directions() {
  return (tree: Element): void => visit(tree, false);
}

function visit(node: Element, contained: boolean): void {
  const name = node.tagName ?? "";
  if (directed.has(name) && !(contained && name === "p")) node.properties = { ...node.properties, dir: "auto" };
  const container = contained || name === "li" || name === "blockquote";
  for (const child of node.children ?? []) visit(child, container);
}
