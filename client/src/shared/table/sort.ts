import { type Column, type Row, isNumeric } from "./tableData";

export interface Sort {
  readonly column: number;
  readonly direction: "ascending" | "descending";
}

/** Positions of the rows in sorted order; equal rows keep their order, nulls come last either way. */
export function sortedOrder(rows: readonly Row[], column: Column, sort: Sort): number[] {
  const compare = comparator(column);
  const sign = sort.direction === "ascending" ? 1 : -1;
  return rows
    .map((_, index) => index)
    .toSorted((left, right) => {
      const a = rows[left]?.[sort.column] ?? null;
      const b = rows[right]?.[sort.column] ?? null;
      if (a === null || b === null) return Number(a === null) - Number(b === null) || left - right;
      return sign * compare(a, b) || left - right;
    });
}

type Compare = (a: string, b: string) => number;

function comparator(column: Column): Compare {
  if (isNumeric(column)) return column.type === "FLOAT" || column.type === "REAL" || column.type === "DOUBLE" ? compareFloats : compareExact;
  if (column.type === "BOOLEAN") return (a, b) => Number(a.toLowerCase() === "true") - Number(b.toLowerCase() === "true");
  if (column.type === "DATE" || column.type.startsWith("TIMESTAMP")) return compareText;
  return collator.compare;
}

const collator = new Intl.Collator("en", { numeric: true });

/** ISO dates and times sort as text. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** NaN is the largest number, as in Spark. */
function compareFloats(a: string, b: string): number {
  const [x, y] = [toFloat(a), toFloat(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : Number(x > y);
}

function toFloat(text: string): number {
  const lower = text.toLowerCase();
  if (lower === "infinity" || lower === "inf") return Number.POSITIVE_INFINITY;
  if (lower === "-infinity" || lower === "-inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** Integers and decimals of any length, without going through floating point. */
function compareExact(a: string, b: string): number {
  const [x, y] = [parseDecimal(a), parseDecimal(b)];
  if (x === null || y === null) return compareFloats(a, b);
  const scale = Math.max(x.scale, y.scale);
  const left = x.digits * 10n ** BigInt(scale - x.scale);
  const right = y.digits * 10n ** BigInt(scale - y.scale);
  return left < right ? -1 : Number(left > right);
}

function parseDecimal(text: string): { digits: bigint; scale: number } | null {
  const match = /^\s*([+-]?)(\d+)(?:\.(\d*))?\s*$/.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? "";
  const digits = BigInt(`${match[2] ?? "0"}${fraction}`);
  return { digits: match[1] === "-" ? -digits : digits, scale: fraction.length };
}

/** The next state of a column's header: ascending, descending, as it came. */
export function nextSort(current: Sort | null, column: number): Sort | null {
  if (current?.column !== column) return { column, direction: "ascending" };
  return current.direction === "ascending" ? { column, direction: "descending" } : null;
}
