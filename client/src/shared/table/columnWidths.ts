import type { TableData } from "./tableData";

const SAMPLE_ROWS = 200;
const MIN_CH = 6;
const MAX_CH = 38;
/** Headers are set in bold letters of another face: wider than the figures of the cells. */
const HEADER_CH = 1.15;
const SORT_ARROW_CH = 2;
/** The cell's padding on both sides. */
const PADDING_CH = 4;

/** Column widths in `ch`, from the header and the first rows; wider values are cut on screen. */
export function columnWidths({ columns, rows }: TableData): number[] {
  return columns.map((column, index) => {
    const longest = rows.slice(0, SAMPLE_ROWS).reduce((max, row) => Math.max(max, cells(row[index] ?? "null")), 0);
    const header = Math.max(Math.ceil(cells(column.name) * HEADER_CH) + SORT_ARROW_CH, column.typeText.length);
    return Math.min(MAX_CH, Math.max(MIN_CH, longest, header)) + PADDING_CH;
  });
}

/** Places that a text takes: letters of East Asia and pictures take two. */
function cells(text: string): number {
  const shown = text.slice(0, MAX_CH);
  return shown.length + (shown.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/g)?.length ?? 0);
}
