import { CodeChunks } from "@/shared/lib/codeChunks";
import type { Token } from "@/shared/lib/tokenize";

/** The lines of a text in their colours; what runs over several lines keeps its colour in each. */
export function codeLines(code: string, language: string): Token[][] {
  const lines: Token[][] = [[]];
  for (const { tokens } of new CodeChunks().update(code.replaceAll("\r\n", "\n"), language)) {
    for (const { kind, text } of tokens) {
      text.split("\n").forEach((part, at) => {
        if (at > 0) lines.push([]);
        if (part !== "") lines.at(-1)?.push({ kind, text: part });
      });
    }
  }
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}
