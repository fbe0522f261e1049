/**
 * Cuts Markdown into top-level blocks so that, while text streams in, only the last block is parsed again.
 * The cut is careful rather than clever: it cuts at blank lines outside fences, and keeps lists, quotes and HTML
 * together with what continues them. Joining the blocks with nothing gives the text back.
 */
export function splitBlocks(markdown: string): string[] {
  // Footnotes number across the whole text; they are rare enough to give up the cut.
  if (/^ {0,3}\[\^[^\]]+\]:/m.test(markdown)) return [markdown];
  const definitions = linkDefinitions(markdown);
  const blocks = cut(markdown);
  return definitions === "" ? blocks : blocks.map((block) => `${block}\n\n${definitions}`);
}

function linkDefinitions(markdown: string): string {
  return [...markdown.matchAll(/^ {0,3}\[[^\]^][^\]]*\]:[ \t]*\S.*$/gm)].map((match) => match[0]).join("\n");
}

interface Fence {
  mark: string;
  length: number;
}

function cut(markdown: string): string[] {
  const blocks: string[] = [];
  let current = "";
  let fence: Fence | null = null;
  let blank = false;
  for (const line of markdown.split(/(?<=\n)/)) {
    const isBlank = line.trim() === "";
    if (fence === null && blank && !isBlank && !continues(current, line)) {
      blocks.push(current);
      current = "";
    }
    fence = nextFence(fence, line);
    current += line;
    blank = isBlank;
  }
  if (current !== "") blocks.push(current);
  return blocks;
}

const listMark = /^ {0,3}(?:([-*+])|\d{1,9}([.)]))(?:\s|$)/;

/** Whether a line after a blank one still belongs to the block: indented text, or the next item of a list. */
function continues(block: string, line: string): boolean {
  if (/^(?: {2,}|\t)\S/.test(line)) return listMark.test(block) || /^(?: {4}|\t)/.test(line);
  const [mark, next] = [listKind(block), listKind(line)];
  return mark !== null && mark === next;
}

/** What a list is marked with; another mark begins another list. */
function listKind(text: string): string | null {
  const match = listMark.exec(text);
  return match === null ? null : (match[1] ?? match[2] ?? null);
}

function nextFence(fence: Fence | null, line: string): Fence | null {
  const match = /^\s*(?:[-*+]\s+|\d{1,9}[.)]\s+|>\s?)*(`{3,}|~{3,})(.*)$/.exec(line.trimEnd());
  const marks = match?.[1];
  if (marks === undefined) return fence;
  const mark = marks.charAt(0);
  if (fence === null) return mark === "`" && match?.[2]?.includes("`") === true ? null : { mark, length: marks.length };
  const closes = mark === fence.mark && marks.length >= fence.length && match?.[2]?.trim() === "";
  return closes ? null : fence;
}
