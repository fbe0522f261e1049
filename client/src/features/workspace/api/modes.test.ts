import { describe, expect, it } from "vitest";
import type { Me } from "@/api/types";
import type { PermissionMode } from "@/shared/lib/modes";
import { modeChoice } from "./modes";

const me = (allowed: string[], standard: string): Me => ({ user: "a", permission_modes: { allowed, default: standard } }) as unknown as Me;

describe("the choice of a mode", () => {
  it.each([
    [["read_only", "ask_changes", "ask", "run_all"], "ask", undefined, "ask"],
    [["read_only", "ask_changes", "ask", "run_all"], "ask", "run_all", "run_all"],
    [["read_only", "ask_changes"], "ask_changes", "run_all", "ask_changes"],
    [["read_only"], "ask", "from the future", "read_only"],
  ])("of %j, by default %s, chosen %s, is %s", (allowed, standard, chosen, current) => {
    expect(modeChoice(me(allowed, standard), { permission_mode: (chosen ?? null) as PermissionMode | null })).toEqual({ allowed, current });
  });

  it("is none where the host knows no modes", () => expect(modeChoice({ user: "a" } as unknown as Me, {})).toBeNull());
});
