import type { TableData } from "./tableData";

/** Rows shown of a file; more would only be scrolled past. */
const MAX_ROWS = 50_000;

/** Reads RFC 4180 text with a header line. Lenient: ragged rows are filled, a quote left open runs to the end. */
export function parseCsv(text: string, separator: "," | "\t" = ","): TableData {
  const records = readRecords(text.replace(/^\uFEFF/, ""), separator);
  const [head = [], ...rows] = records;
  const width = Math.max(head.length, ...rows.slice(0, MAX_ROWS).map((row) => row.length));
  const columns = Array.from({ length: width }, (_, index) => {
    const isNumber = rows.length > 0 && rows.every((row) => /^$|^[+-]?\d+(?:\.\d+)?$/.test(row[index] ?? ""));
    return { name: head[index] ?? `column ${index + 1}`, type: isNumber ? "DECIMAL" : "", typeText: "" };
  });
  return {
    columns,
    rows: rows.slice(0, MAX_ROWS).map((row) => columns.map((_, index) => row[index] ?? null)),
    totalRows: rows.length,
    truncated: rows.length > MAX_ROWS,
    statementId: null,
    warehouse: null,
  };
}

function readRecords(text: string, separator: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = "";
  let quoted = false;
  const endRecord = (): void => {
    record.push(cell);
    if (record.length > 1 || cell !== "") records.push(record);
    record = [];
    cell = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"' && cell === "") quoted = true;
    else if (char === separator) {
      record.push(cell);
      cell = "";
    } else if (char === "\n") endRecord();
    else if (char !== "\r") cell += char;
  }
  endRecord();
  return records;
}
