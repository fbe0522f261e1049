/** What changed in a file, as the tools that write files tell it. */
import * as v from "valibot";
import type { DiffLine, Hunk } from "@/shared/lib/lineDiff";

export interface FileChange {
  readonly path: string;
  /** Stretches of lines; between them the file is the same. */
  readonly hunks: readonly Hunk[];
}

const schema = v.object({
  path: v.string(),
  patch: v.array(v.object({ old_start: v.number(), new_start: v.number(), lines: v.array(v.string()) })),
});

/** `null`: not a change of a file, or one that is too long to be kept. */
export function fileChangeOf(structured: unknown): FileChange | null {
  const parsed = v.safeParse(schema, structured);
  if (!parsed.success) return null;
  const { path, patch } = parsed.output;
  return { path, hunks: patch.map(({ old_start, new_start, lines }) => numbered(lines, old_start, new_start)) };
}

function numbered(lines: readonly string[], oldStart: number, newStart: number): DiffLine[] {
  let before = oldStart;
  let after = newStart;
  return lines.map((line): DiffLine => {
    const text = line.slice(1);
    if (line.startsWith("-")) return { kind: "gone", text, before: before++, after: null };
    if (line.startsWith("+")) return { kind: "new", text, before: null, after: after++ };
    return { kind: "same", text, before: before++, after: after++ };
  });
}
