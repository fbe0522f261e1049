/**
 * Makes the unfinished end of streaming Markdown look like what it is about to become, so that nothing jumps when the
 * rest arrives: tables are tables from their first row, emphasis does not show its asterisks, half a link shows its
 * text. Only for the last block, only for display.
 */
export function repairTail(block: string): string {
  if (insideFence(block)) return block;
  const table = repairTable(block);
  if (table !== null) return table;
  return repairInline(hideLoneMarks(block));
}

function insideFence(block: string): boolean {
  let open: string | null = null;
  for (const line of block.split("\n")) {
    const marks = /^\s*(?:[-*+]\s+|\d{1,9}[.)]\s+|>\s?)*(`{3,}|~{3,})/.exec(line)?.[1];
    if (marks === undefined) continue;
    if (open === null) open = marks;
    else if (marks.startsWith(open)) open = null;
  }
  return open !== null;
}

/** A block whose first line starts with a pipe is a table in the making. */
function repairTable(block: string): string | null {
  const lines = block.split("\n");
  const head = lines[0] ?? "";
  if (!head.startsWith("|")) return null;
  const delimiter = lines[1] ?? "";
  const columns = cells(head);
  const complete = /^\|?[\s:|-]+$/.test(delimiter) && cells(delimiter) >= columns && delimiter.includes("-");
  if (complete && lines.length > 1) return block;
  // The head alone, or a delimiter row that is still being written.
  if (lines.length > 2) return null;
  if (lines.length === 1 && !head.trimEnd().endsWith("|")) return `${head} |\n${"|---".repeat(cells(`${head} |`))}|`;
  return `${head}\n${"|---".repeat(Math.max(1, columns))}|`;
}

function cells(row: string): number {
  const inner = row.trim().replace(/^\|/, "").replace(/\|$/, "");
  return inner.split(/(?<!\\)\|/).length;
}

/** `-` or `==` under a paragraph would make it a heading for a moment; a lone `#` or `*` is not yet anything. */
function hideLoneMarks(block: string): string {
  return block.replace(/(^|\n) {0,3}(?:-{1,2}|=+|#{1,6}|[*+>]|\d{1,9}[.)]?|`{1,2}|~{1,2})$/, "$1");
}

function repairInline(block: string): string {
  let text = block;
  const ticks = text.match(/`+/g)?.filter((run) => run.length === 1).length ?? 0;
  if (ticks % 2 === 1) return text.endsWith("`") ? text.slice(0, -1) : `${text}\``;
  // Half a link or image: its text without the brackets; a half address would flicker through nonsense.
  text = text.replace(/!?\[([^\][]*)\]\([^()\s]*(?:\s[^()]*)?$/, "$1").replace(/!\[[^\][]*$/, "");
  text = text.replace(/\[([^\][\n]+)$/, "$1");
  text = text.replace(/(?:\*{1,3}|_{1,3}|~~?)$/, (marks) => (opensHere(text.slice(0, -marks.length), marks) ? "" : marks));
  for (const mark of ["**", "~~", "*"]) {
    if (isOpen(text, mark)) text = `${text.trimEnd()}${mark}`;
  }
  return text;
}

/** Marks at the very end open something when nothing of the kind is open before them. */
function opensHere(before: string, marks: string): boolean {
  return !isOpen(before, marks);
}

function isOpen(text: string, mark: string): boolean {
  const escaped = mark.replaceAll("*", "\\*");
  const single = mark.length === 1;
  const pattern = single ? new RegExp(`(?<!\\*|\\\\)${escaped}(?!\\*|\\s)|(?<!\\*|\\s|\\\\)${escaped}(?!\\*)`, "g") : new RegExp(`(?<!\\\\)${escaped}`, "g");
  const withoutCode = text.replaceAll(/`[^`\n]*`/g, "").replaceAll(/^ {0,3}[*+-]\s/gm, "");
  return (withoutCode.match(pattern)?.length ?? 0) % 2 === 1;
}
