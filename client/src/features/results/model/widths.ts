import type { ResultColumn } from "@/api/types";
import type { Row } from "../api/rows";
import { formatCell, typeName } from "./cells";

const SAMPLE_ROWS = 100;
const MIN_PX = 72;
const MAX_PX = 340;
/** Of the letters that cells are set in, and of the bold ones of headers. */
const CELL_CHAR_PX = 7.9;
const HEAD_CHAR_PX = 7.6;
const TYPE_CHAR_PX = 7.3;
/** The cell's padding on both sides; in the header with the arrow and the menu's button. */
const PADDING_PX = 26;
const HEAD_EXTRA_PX = 52;

/** How wide columns are drawn before anybody resizes them: as their first rows and their header need. */
export function widthsOf(columns: readonly ResultColumn[], rows: readonly Row[]): number[] {
  const sample = rows.slice(0, SAMPLE_ROWS);
  return columns.map((column, place) => {
    const longest = sample.reduce((most, { cells }) => Math.max(most, letters(cells[place] == null ? "NULL" : formatCell(cells[place], column))), 0);
    const head = Math.max(letters(column.name) * HEAD_CHAR_PX, letters(typeName(column)) * TYPE_CHAR_PX) + HEAD_EXTRA_PX;
    return Math.round(Math.min(MAX_PX, Math.max(MIN_PX, longest * CELL_CHAR_PX + PADDING_PX, head)));
  });
}

/** Places that a text takes: letters of East Asia and pictures take two. */
function letters(text: string): number {
  const shown = text.slice(0, 60);
  return shown.length + (shown.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/g)?.length ?? 0);
}
