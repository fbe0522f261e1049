/** A result with columns and rows, as tools hand it back: every value is text or null, exactly as the workspace said. */
import * as v from "valibot";

export interface Column {
  readonly name: string;
  /** The type's bare name in upper case (`DECIMAL`); empty when unknown. */
  readonly type: string;
  /** The type as a person writes it (`DECIMAL(10,2)`). */
  readonly typeText: string;
}

export type Cell = string | null;
export type Row = readonly Cell[];

export interface TableData {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Rows of the whole result; more than `rows` when it was cut. */
  readonly totalRows: number;
  readonly truncated: boolean;
  readonly statementId: string | null;
  readonly warehouse: string | null;
}

const scalar = v.union([v.string(), v.number(), v.boolean(), v.null()]);

const resultSchema = v.object({
  columns: v.array(
    v.object({
      name: v.string(),
      type_name: v.optional(v.nullable(v.string())),
      type_text: v.optional(v.nullable(v.string())),
    }),
  ),
  rows: v.array(v.array(scalar)),
  total_row_count: v.optional(v.nullable(v.number())),
  truncated: v.optional(v.nullable(v.boolean())),
  statement_id: v.optional(v.nullable(v.string())),
  warehouse: v.optional(v.nullable(v.object({ name: v.optional(v.nullable(v.string())) }))),
});

/** Reads a SQL result; `null` when the value is something else. */
export function asTable(structured: unknown): TableData | null {
  const parsed = v.safeParse(resultSchema, structured);
  if (!parsed.success) return null;
  const { columns, rows, total_row_count, truncated, statement_id, warehouse } = parsed.output;
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: (column.type_name ?? column.type_text ?? "").replace(/[(<].*/s, "").toUpperCase(),
      typeText: column.type_text ?? column.type_name ?? "",
    })),
    rows: rows.map((row) => columns.map((_, index) => asCell(row[index]))),
    totalRows: total_row_count ?? rows.length,
    truncated: truncated ?? false,
    statementId: statement_id ?? null,
    warehouse: warehouse?.name ?? null,
  };
}

/** A list of objects (warehouses, columns) as a table; `null` when the value is not one. */
export function asObjectTable(value: unknown): TableData | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const parsed = v.safeParse(v.array(v.record(v.string(), v.unknown())), value);
  if (!parsed.success) return null;
  const names = [...new Set(parsed.output.flatMap((entry) => Object.keys(entry)))];
  return {
    columns: names.map((name) => ({ name, type: allNumbers(parsed.output, name) ? "DOUBLE" : "", typeText: "" })),
    rows: parsed.output.map((entry) => names.map((name) => asCell(entry[name]))),
    totalRows: parsed.output.length,
    truncated: false,
    statementId: null,
    warehouse: null,
  };
}

function allNumbers(entries: readonly Record<string, unknown>[], name: string): boolean {
  return entries.every((entry) => entry[name] == null || typeof entry[name] === "number") && entries.some((entry) => entry[name] != null);
}

function asCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const numeric = new Set(["TINYINT", "BYTE", "SMALLINT", "SHORT", "INT", "INTEGER", "BIGINT", "LONG", "DECIMAL", "DEC", "NUMERIC", "FLOAT", "REAL", "DOUBLE"]);

export function isNumeric(column: Column): boolean {
  return numeric.has(column.type);
}
