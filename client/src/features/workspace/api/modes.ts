/** How much the agent may do without asking: the words for it, and what the operator of the host allows. */
import type { Me, TurnSettings } from "@/api/types";

export type PermissionMode = "read_only" | "ask_changes" | "ask" | "run_all";

/** Beside what every host knows. */
export type Settings = TurnSettings & { permission_mode?: PermissionMode | null };
type MeWithModes = Me & { readonly permission_modes?: { readonly allowed: readonly string[]; readonly default: string } };

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

export interface ModeChoice {
  readonly allowed: readonly PermissionMode[];
  readonly current: PermissionMode;
}

/** `null`: this host knows no modes. What is chosen and no longer allowed falls back to what the host says. */
export function modeChoice(me: Me | undefined, settings: Settings): ModeChoice | null {
  const offered = (me as MeWithModes | undefined)?.permission_modes;
  if (offered === undefined) return null;
  const allowed = modes.flatMap(({ mode }) => (offered.allowed.includes(mode) ? [mode] : []));
  const pick = (name: string | null | undefined): PermissionMode | undefined => allowed.find((mode) => mode === name);
  const current = pick(settings.permission_mode) ?? pick(offered.default) ?? allowed[0];
  return current === undefined ? null : { allowed, current };
}
