import type { TableData } from "./tableData";

const SAMPLE_ROWS = 200;
const MIN_CH = 6;
const MAX_CH = 38;
const SORT_ARROW_CH = 2;
/** The cell's padding on both sides. */
const PADDING_CH = 4;

/** Column widths in `ch`, from the header and the first rows; wider values are cut on screen. */
export function columnWidths({ columns, rows }: TableData): number[] {
  return columns.map((column, index) => {
    const longest = rows.slice(0, SAMPLE_ROWS).reduce((max, row) => Math.max(max, row[index]?.length ?? 4), 0);
    const header = Math.max(column.name.length + SORT_ARROW_CH, column.typeText.length);
    return Math.min(MAX_CH, Math.max(MIN_CH, longest, header)) + PADDING_CH;
  });
}
