/** How much the agent may do without asking, and the words for it. */

export type PermissionMode = "read_only" | "ask_changes" | "ask" | "run_all";

/** From careful to loose. */
export const modes: readonly { readonly mode: PermissionMode; readonly label: string; readonly says: string }[] = [
  { mode: "read_only", label: "Read only", says: "refuses everything that changes something" },
  { mode: "ask_changes", label: "Ask before changes", says: "asks before anything is changed" },
  { mode: "ask", label: "Ask before destroying", says: "asks before something is destroyed or given to others" },
  { mode: "run_all", label: "Run all", says: "asks nothing" },
];

/** `null`: no mode that this page knows. */
export function asMode(name: string | null): PermissionMode | null {
  return modes.find(({ mode }) => mode === name)?.mode ?? null;
}
