/**
 * Results of any size as the host tells them, where a test or a measurement needs more than a tool makes in reasonable
 * time: rows are computed from their numbers, sorted and filtered for one column.
 */
import type { Page, Route } from "playwright-core";

export interface Played {
  readonly id: string;
  readonly rows: number;
  readonly columns: number;
  readonly state?: "open" | "complete" | "partial";
  readonly cut?: { reason: string; advice: string } | null;
  /** Milliseconds before an answer. */
  readonly delayMs?: number;
}

const kinds = [
  { name: "id", type: "integer", source_type: "BIGINT" },
  { name: "price", type: "decimal", precision: 38, scale: 4, source_type: "DECIMAL(38,4)" },
  { name: "city", type: "string", source_type: "STRING" },
  { name: "at", type: "timestamp", source_type: "TIMESTAMP" },
  { name: "ratio", type: "double", source_type: "DOUBLE" },
  { name: "open", type: "boolean", source_type: "BOOLEAN" },
  { name: "tags", type: "json", source_type: "ARRAY<STRUCT<k: STRING, n: BIGINT>>" },
  { name: "day", type: "date", source_type: "DATE" },
] as const;
const cities = ["Zürich", "Wien", "東京", "", "a longer name of a place that does not fit into its cell", "New York"];

function cell(kind: number, row: number): unknown {
  if (row % 11 === kind) return null;
  switch (kind) {
    case 0:
      return String(9007199254740993n + BigInt(row));
    case 1:
      return `${(row * 7919) % 100_000}.${String(row % 10_000).padStart(4, "0")}`;
    case 2:
      return cities[row % cities.length];
    case 3:
      return new Date(1_700_000_000_000 + row * 60_000).toISOString();
    case 4:
      return row % 50 === 0 ? "NaN" : Math.sin(row) * 1_000;
    case 5:
      return row % 3 === 0;
    case 6:
      return JSON.stringify([
        { k: `key ${row}`, n: row },
        { k: null, n: 1 },
      ]);
    default:
      return new Date(1_600_000_000_000 + (row % 3_000) * 86_400_000).toISOString().slice(0, 10);
  }
}

function columnsOf(count: number): unknown[] {
  return Array.from({ length: count }, (_, place) => {
    const kind = kinds[place % kinds.length];
    return { ...kind, name: place < kinds.length ? kind?.name : `${kind?.name}_${Math.floor(place / kinds.length)}` };
  });
}

/** Answers in the host's place for one result. */
export async function playResult(page: Page, result: Played): Promise<void> {
  const { id, rows, columns, state = "complete", cut = null, delayMs = 0 } = result;
  const info = {
    id,
    project_id: id,
    conversation_id: id,
    execution_id: id,
    call_id: "call-1",
    ordinal: 0,
    content: "table",
    title: null,
    media_type: null,
    file_name: null,
    state,
    cut,
    rows,
    bytes: rows * columns * 12,
    stored_bytes: rows * columns * 4,
    digest: "5f".repeat(32),
    created_at: "2026-01-01T00:00:00Z",
    finished_at: "2026-01-01T00:00:01Z",
    columns: columnsOf(columns),
    origin: {
      tool: "mcp__databricks__execute_sql",
      statement_id: "01ef-0000-1111",
      statement: "SELECT *\nFROM samples.nyctaxi.trips -- all of it\nWHERE fare_amount > :least",
      parameters: [{ name: "least", value: "10.5", type: "DECIMAL(9,2)" }],
      workspace: "https://adb-1.azuredatabricks.net",
      warehouse_id: "w-123",
      catalog: "samples",
      schema: "nyctaxi",
      started_at: "2026-01-01T00:00:00Z",
      duration_ms: 812,
      rows: rows + 1,
      truncated: false,
    },
  };
  const wait = (): Promise<void> => new Promise((next) => setTimeout(next, delayMs));
  await page.route(`**/api/results/${id}`, (route) => route.fulfill({ json: info }));
  await page.route(`**/api/results/${id}/rows?*`, async (route: Route) => {
    const asked = new URL(route.request().url()).searchParams;
    const offset = Number(asked.get("offset") ?? 0);
    const limit = Number(asked.get("limit") ?? 100);
    const down = asked.get("sort")?.endsWith(":desc") ?? false;
    const total = asked.has("filter") ? Math.floor(rows / 7) : rows;
    const numbers = Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, at) => (down ? rows - 1 - offset - at : offset + at));
    await wait();
    await route.fulfill({
      json: {
        offset,
        total,
        next: offset + limit < total ? offset + limit : null,
        columns: Array.from({ length: columns }, (_, place) => place),
        row_numbers: numbers,
        rows: numbers.map((row) => Array.from({ length: columns }, (_, place) => cell(place % kinds.length, row))),
        cut: [],
      },
    });
  });
  await page.route(`**/api/results/${id}/sample?*`, async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const places = (asked.get("columns") ?? "").split(",").map(Number);
    const count = Math.min(rows, 500);
    const numbers = Array.from({ length: count }, (_, at) => Math.floor((at * rows) / count));
    const cells = numbers.map((row) => places.map((place) => cell(place % kinds.length, row)));
    await route.fulfill({ json: { offset: 0, total: rows, next: null, columns: places, row_numbers: numbers, rows: cells, cut: [] } });
  });
  await page.route(`**/api/results/${id}/aggregate?*`, async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const groups = (asked.get("group") ?? "").split(",").map((group) => Number(group.split(":")[0]));
    const measures = (asked.get("measures") ?? "").split(",");
    const all = columnsOf(columns);
    const cells = Array.from({ length: 24 }, (_, at) =>
      groups
        .map((place, index) => cell(place % kinds.length, index === 0 ? at * 1_440 : at % 4))
        .concat(measures.map(() => `${1_000 + ((at * 7_919) % 5_000)}.50`)),
    );
    await route.fulfill({
      json: {
        columns: [...groups.map((place) => all[place]), ...measures.map((name) => ({ name, type: "decimal", precision: 38, scale: 2 }))],
        rows: cells,
        groups: 24,
        complete: true,
      },
    });
  });
  await page.route(`**/api/results/${id}/columns/*/summary*`, (route) =>
    route.fulfill({ json: { rows, nulls: Math.floor(rows / 11), min: "1", max: "99999.9999", mean: 49_999.5, longest: null } }),
  );
  await page.route(`**/api/results/${id}/columns/*/distinct*`, (route) =>
    route.fulfill({
      json: { values: [{ value: null, count: 9091 }, ...cities.map((value, at) => ({ value, count: 9_000 - at }))], distinct: 7, complete: true },
    }),
  );
  await page.route(`**/api/results/${id}/columns/*/histogram*`, (route) =>
    route.fulfill({
      json: {
        bins: Array.from({ length: 24 }, (_, at) => ({
          from: `${at * 4}.0000`,
          to: `${at * 4 + 4}.0000`,
          count: Math.round(900 * Math.exp(-((at - 10) ** 2) / 30)),
        })),
        nulls: 9,
        others: 0,
      },
    }),
  );
}
