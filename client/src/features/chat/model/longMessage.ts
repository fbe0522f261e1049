/** A pasted script or log would fill screens: it is folded, and set as what it is. */

/** Lines that are shown of a longer message. */
const FOLDED_LINES = 12;
const LINE_LENGTH = 90;
/** A line or two more than that are not worth a button. */
const SPARED_LINES = 4;

export function isLong(text: string): boolean {
  return rows(text) > FOLDED_LINES + SPARED_LINES;
}

function rows(text: string): number {
  return text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LINE_LENGTH)), 0);
}

const codeLine =
  /^\s{2,}\S|^\t|[;{}()[\],]\s*$|^\s*(?:--|\/\/|#!|\/\*|\*|@\w)|^\s*(?:SELECT|FROM|WHERE|JOIN|WITH|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|GROUP BY|ORDER BY|def |class |import |from \w+ import|return\b|if .*:$|for .*:$|val |var |let |const |function )|^\d{4}-\d\d-\d\d[T ]|^\s*"[^"]+"\s*:/i;
const CODE_SHARE = 0.5;
const CODE_LINES = 3;

/** Code and logs have columns and indentation that mean something. */
export function isCode(text: string): boolean {
  if (/^```/m.test(text)) return false;
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length >= CODE_LINES && lines.filter((line) => codeLine.test(line)).length >= lines.length * CODE_SHARE;
}
