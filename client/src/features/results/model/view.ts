/** What of a table is looked at: its filters and its order, as the host takes them. */
import type { ResultColumn } from "@/api/types";
import { type CellValue, formatCell } from "./cells";

export interface Sort {
  /** The column's place in the result. */
  readonly column: number;
  readonly descending: boolean;
}

export type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
export type TextTest = "contains" | "starts_with" | "ends_with";

/** What a column's values must be. */
export type ColumnFilter =
  | { readonly kind: "compare"; readonly op: Comparison; readonly value: CellValue }
  | { readonly kind: "between"; readonly from: CellValue; readonly to: CellValue; readonly inclusive: boolean }
  | { readonly kind: "text"; readonly op: TextTest; readonly value: string }
  /** NULL may be among them. */
  | { readonly kind: "values"; readonly values: readonly (CellValue | null)[] }
  | { readonly kind: "null"; readonly is: boolean };

export interface View {
  readonly sorts: readonly Sort[];
  /** By the column's place. */
  readonly filters: ReadonlyMap<number, ColumnFilter>;
}

export const wholeTable: View = { sorts: [], filters: new Map() };

/** More are refused by the host. */
const MAX_SORTS = 8;

/** The next state of a column: ascending, descending, as it came. `more` keeps the other columns' order before it. */
export function nextSorts(sorts: readonly Sort[], column: number, more: boolean): readonly Sort[] {
  const current = sorts.find((sort) => sort.column === column);
  const next: Sort[] = current === undefined ? [{ column, descending: false }] : current.descending ? [] : [{ column, descending: true }];
  if (!more) return next;
  if (current === undefined) return [...sorts, ...next].slice(0, MAX_SORTS);
  return sorts.flatMap((sort) => (sort.column === column ? next : [sort]));
}

export function withFilter(view: View, column: number, filter: ColumnFilter | null): View {
  const filters = new Map(view.filters);
  if (filter === null) filters.delete(column);
  else filters.set(column, filter);
  return { ...view, filters };
}

/** A filter as the host takes it. */
export type Condition =
  | { readonly and: readonly Condition[] }
  | { readonly or: readonly Condition[] }
  | { readonly column: number; readonly op: string; readonly value?: unknown; readonly ignore_case?: true };

function conditionOf(column: number, filter: ColumnFilter): Condition {
  switch (filter.kind) {
    case "compare":
      return { column, op: filter.op, value: filter.value };
    case "between":
      return {
        and: [
          { column, op: "ge", value: filter.from },
          { column, op: filter.inclusive ? "le" : "lt", value: filter.to },
        ],
      };
    case "text":
      return { column, op: filter.op, value: filter.value, ignore_case: true };
    case "values": {
      const known = filter.values.filter((value) => value !== null);
      const conditions: Condition[] = [
        ...(known.length > 0 ? [{ column, op: "in", value: known }] : []),
        ...(known.length < filter.values.length ? [{ column, op: "is_null" }] : []),
      ];
      const [only] = conditions;
      return conditions.length === 1 && only !== undefined ? only : { or: conditions };
    }
    case "null":
      return { column, op: filter.is ? "is_null" : "is_not_null" };
    default:
      return filter satisfies never;
  }
}

/** `null`: every row. `except`: without that column's own filter, as for the choice of its values. */
export function filterOf(view: View, except: number | null = null): Condition | null {
  const conditions = [...view.filters].flatMap(([column, filter]) => (column === except ? [] : [conditionOf(column, filter)]));
  const [only] = conditions;
  if (only === undefined) return null;
  return conditions.length === 1 ? only : { and: conditions };
}

/** The members of a query that say what is looked at. */
export function viewQuery(view: View): Record<string, string> {
  const filter = filterOf(view);
  return {
    ...(view.sorts.length > 0 && { sort: view.sorts.map(({ column, descending }) => `${column}:${descending ? "desc" : "asc"}`).join(",") }),
    ...(filter !== null && { filter: JSON.stringify(filter) }),
  };
}

const signs: Record<Comparison, string> = { eq: "=", ne: "≠", lt: "<", le: "≤", gt: ">", ge: "≥" };
const tests: Record<TextTest, string> = { contains: "contains", starts_with: "starts with", ends_with: "ends with" };

/** More values than that are counted. */
const NAMED_VALUES = 3;

/** "≥ 12.50", for people. */
export function filterWords(filter: ColumnFilter, column: ResultColumn): string {
  const say = (value: CellValue | null): string => (value === null ? "NULL" : value === "" ? "empty text" : formatCell(value, column));
  switch (filter.kind) {
    case "compare":
      return `${signs[filter.op]} ${say(filter.value)}`;
    case "between":
      return `from ${say(filter.from)} ${filter.inclusive ? "to" : "to below"} ${say(filter.to)}`;
    case "text":
      return `${tests[filter.op]} “${filter.value}”`;
    case "values":
      return filter.values.length > NAMED_VALUES ? `is one of ${filter.values.length} values` : `is ${filter.values.map(say).join(" or ")}`;
    case "null":
      return filter.is ? "is NULL" : "is not NULL";
    default:
      return filter satisfies never;
  }
}
