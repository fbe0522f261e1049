/** Events for tests, which say of each what they are about. */
import { type WireEvent, parseWireEvent } from "../wire";

/** What else events have, of whatever kind. */
const rest = {
  seq: null,
  execution_id: "11111111-1111-4111-8111-111111111111",
  at: "2026-01-01T00:00:00Z",
  conversation_id: "22222222-2222-4222-8222-222222222222",
  settings: {},
  review: { effect: "destroys", operations: [] },
  standing: null,
  later_changes: [],
  is_error: false,
  is_cancelled: false,
  num_turns: 1,
  duration_ms: 1,
  total_cost_usd: null,
  session_id: "22222222-2222-4222-8222-222222222222",
  last_event_id: 0,
  elapsed_since_last_event: 1,
};

/** An event as the host would send it. */
export function sent(event: object): object {
  return { ...rest, ...event };
}

/** An event as the page reads it. */
export function wire(event: object): WireEvent {
  const parsed = parseWireEvent(sent(event));
  if (parsed === null) throw new Error(`not an event: ${JSON.stringify(event)}`);
  return parsed;
}
