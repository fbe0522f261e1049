/** How an answer points to a result: `result:ID`, `result:ID/ROW`, `result:ID/ROW/COLUMN`. */
import type { ResultColumn } from "@/api/types";

/** A column by its place from zero, or by its name: the first of several. `null`: there is no such column. */
export function columnPlace(said: string, columns: readonly ResultColumn[]): number | null {
  if (/^\d{1,6}$/.test(said) && Number(said) < columns.length) return Number(said);
  const at = columns.findIndex(({ name }) => name === said);
  return at === -1 ? null : at;
}
