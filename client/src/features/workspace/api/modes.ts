/** How much the agent may do without asking: what the operator of the host allows, and what is chosen. */
import type { Me, TurnSettings } from "@/api/types";
import { type PermissionMode, modes } from "@/shared/lib/modes";

/** Beside what every host knows. */
export type Settings = TurnSettings & { permission_mode?: PermissionMode | null };
type MeWithModes = Me & { readonly permission_modes?: { readonly allowed: readonly string[]; readonly default: string } };

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
