/**
 * A Markdown plugin: a paragraph that is a formula (`$$ … $$` or `\[ … \]`) is shown as its source, not as emphasis
 * between underscores.
 */
interface Node {
  type: string;
  lang?: string;
  value?: string;
  children?: Node[];
  position?: { start: { offset?: number }; end: { offset?: number } };
}

const formula = /^(?:\$\$[\s\S]+\$\$|\\\[[\s\S]+\\\])$/;

export function formulas() {
  return (tree: Node, file: unknown): void => {
    const source = String(file);
    visit(tree, source);
  };
}

function visit(node: Node, source: string): void {
  if (node.children === undefined) return;
  node.children = node.children.map((child) => {
    const value = child.type === "paragraph" ? formulaOf(child, source) : null;
    if (value !== null) return { type: "code", lang: "math", value, ...(child.position !== undefined && { position: child.position }) };
    visit(child, source);
    return child;
  });
}

function formulaOf({ position }: Node, source: string): string | null {
  const written = source.slice(position?.start.offset ?? 0, position?.end.offset ?? 0).trim();
  return formula.test(written) ? written : null;
}
