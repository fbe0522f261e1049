import { send } from "@/api/http";
import { messageOf } from "@/api/problem";
import { copyText } from "@/shared/lib/clipboard";
import { formatCount, plural } from "@/shared/lib/format";
import { type Selection, areaOf } from "@/shared/table/selection";
import { toast } from "@/shared/ui/toast";
import { cellPath } from "../api/cell";
import { type Row, readRows } from "../api/rows";
import type { Cell } from "../model/cells";
import { type Block, toMarkdown, toSqlValues, toTsv } from "../model/copy";
import type { Table } from "./useTableView";

/** More is a file's matter: a clipboard holds it, and few programs take it. */
const MAX_COPIED_ROWS = 10_000;
/** Long values that are fetched whole for a copy. */
const MAX_WHOLE_CELLS = 100;

export type Copy = (format: "tsv" | "markdown" | "sql") => void;

/** Copies what is chosen, else what is shown: also rows that were not looked at yet. */
export function useCopy(table: Table, selection: Selection | null): Copy {
  return (format) => {
    copySelection(table, selection, format).catch((error: unknown) => toast(`Not copied: ${messageOf(error)}`));
  };
}

async function copySelection(table: Table, selection: Selection | null, format: "tsv" | "markdown" | "sql"): Promise<void> {
  const total = table.total ?? 0;
  const area = selection === null ? { top: 0, bottom: total - 1, left: 0, right: table.layout.length - 1 } : areaOf(selection);
  const wanted = area.bottom - area.top + 1;
  const places = table.layout.slice(area.left, area.right + 1).map(({ place }) => place);
  const controller = new AbortController();
  const { rows } = await readRows(table.id, table.view, { offset: area.top, limit: Math.min(wanted, MAX_COPIED_ROWS) }, controller.signal);
  const cells = await wholeCells(table.id, rows, places);
  const block: Block = { columns: places.flatMap((place) => table.info.columns[place] ?? []), rows: cells.rows };
  const isOne = rows.length === 1 && places.length === 1;
  const text =
    format === "markdown"
      ? toMarkdown(block)
      : format === "sql"
        ? toSqlValues(block)
        : isOne
          ? String(cells.rows[0]?.[0] ?? "")
          : toTsv(block, selection === null);
  copyText(text, words(rows.length, places.length, wanted, cells.cut));
}

function words(rows: number, columns: number, wanted: number, cut: number): string {
  if (rows === 1 && columns === 1) return "Value copied";
  const what =
    rows < wanted
      ? `The first ${formatCount(rows)} of ${plural(wanted, "row")} copied: download all of them as a file`
      : `${formatCount(rows)} × ${columns} cells copied`;
  return cut === 0 ? what : `${what}; ${plural(cut, "long value")} as far as shown`;
}

/** Long values come cut with their rows: as many as is worth it are fetched. */
async function wholeCells(id: string, rows: readonly Row[], places: readonly number[]): Promise<{ rows: Cell[][]; cut: number }> {
  let fetched = 0;
  let cut = 0;
  const whole: Cell[][] = [];
  for (const row of rows) {
    const cells: Cell[] = [];
    for (const place of places) {
      if (!row.cut.includes(place)) cells.push(row.cells[place] ?? null);
      else if (fetched < MAX_WHOLE_CELLS) {
        fetched += 1;
        cells.push(await (await send(cellPath(id, row.number, place))).text());
      } else {
        cut += 1;
        cells.push(row.cells[place] ?? null);
      }
    }
    whole.push(cells);
  }
  return { rows: whole, cut };
}
