/** Histories as the host tells them, by pages as the page asks for them: of any length, without a model that says it all. */
import type { Page } from "playwright-core";

const prose =
  "A paragraph with **bold**, `code` and a [link](https://docs.example/x).\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sql\nSELECT 1\n```";

const summary = "You asked for **many** things, and each was answered.\n\n- `main.sales.orders` has the orders";

/**
 * Answers for the host's history with `turns` turns, the last of which says "Answer {turns}."; `summarised` is the first
 * one that the model still reads as it is.
 */
export async function serveHistory(page: Page, turns: number, summarised?: number): Promise<void> {
  await page.route(/\/conversations\/[^/?]+\?turns=/, async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const before = Number(asked.get("before") ?? turns * 10 + 1);
    const last = Math.floor((before - 1) / 10);
    const first = Math.max(1, last - Number(asked.get("turns")) + 1);
    const events = [];
    for (let turn = first; turn <= last; turn += 1) events.push(...eventsOf(turn));
    if (summarised !== undefined && last >= summarised) {
      const seq = last * 10 - 1;
      const at = { execution_id: `turn-${last}`, at: "2026-01-01T00:00:00Z" };
      events.splice(-1, 0, { ...at, seq, type: "context.compacted", summary, begins: (summarised - 1) * 10 + 1 });
    }
    await route.fulfill({ json: { events, messages: [], last_seq: turns * 10, active_execution: null, earlier: first > 1 ? (first - 1) * 10 + 1 : null } });
  });
}

function eventsOf(turn: number): unknown[] {
  const at = { execution_id: `turn-${turn}`, at: "2026-01-01T00:00:00Z" };
  const call = { tool_name: "mcp__databricks__execute_sql" };
  const seq = (turn - 1) * 10;
  return [
    { ...at, seq: seq + 1, type: "conversation.created", conversation_id: "c", message: `Question ${turn}`, settings: {} },
    { ...at, ...call, seq: seq + 2, type: "tool_use", step: 0, tool_id: `call-${turn}`, tool_input: { statement: "SELECT 1" } },
    { ...at, ...call, seq: seq + 3, type: "tool_result", tool_use_id: `call-${turn}`, content: "1", is_error: false, duration_ms: 5 },
    { ...at, seq: seq + 4, type: "text", step: 1, block: 0, text: `Answer ${turn}. ${prose}` },
    { ...at, seq: seq + 10, type: "stream.completed", is_error: false, is_cancelled: false },
  ];
}
