/** A table's values as the host sends them: integers and decimals are texts with all their digits and stay texts here. */
import type { ResultColumn } from "@/api/types";

/** What is in a cell, apart from NULL. */
export type CellValue = string | number | boolean;
export type Cell = CellValue | null;

const numbers = new Set(["integer", "decimal", "double", "float"]);
const times = new Set(["date", "timestamp", "timestamp_ntz"]);

export const isNumber = (column: ResultColumn): boolean => numbers.has(column.type);
export const isTime = (column: ResultColumn): boolean => times.has(column.type);
export const isText = (column: ResultColumn): boolean => column.type === "string" || column.type === "json";

/** Whatever an answer holds, as a cell. */
export function asCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return JSON.stringify(value);
}

/** A value as its cell shows it, exact. */
export function formatCell(value: CellValue, column: ResultColumn): string {
  const text = String(value);
  if (column.type === "timestamp" || column.type === "timestamp_ntz") return text.replace("T", " ");
  return text;
}

/** The type as people write it: the source's word, where it says one. */
export function typeName(column: ResultColumn): string {
  const { type, precision, scale, source_type: source } = column;
  if (source != null && source !== "") return source.toLowerCase();
  return type === "decimal" && precision != null ? `decimal(${precision},${scale ?? 0})` : type;
}

/** For charts only, where a place on a screen is meant: never for what is written. */
export function asPlotted(value: Cell, column: ResultColumn): number | null {
  if (value === null || typeof value === "boolean") return null;
  if (typeof value === "number") return value;
  const number = isTime(column) ? Date.parse(column.type === "timestamp_ntz" ? `${value}Z` : value) : Number(value);
  return Number.isFinite(number) ? number : null;
}
