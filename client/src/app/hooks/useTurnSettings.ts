import { useState } from "react";
import type { Settings } from "@/features/workspace/api/modes";
import { asMode } from "@/shared/lib/modes";
import { recall, remember } from "@/shared/lib/storage";

/**
 * The settings of the next message: what was chosen on this page, else what the conversation last used (the server
 * remembers that), else what was last chosen in the project.
 */
export function useTurnSettings(projectId: string, conversationId: string | null, stored: Settings | undefined): [Settings, (settings: Settings) => void] {
  const [chosen, setChosen] = useState<Record<string, Settings>>({});
  const key = conversationId ?? "new";
  const settings = chosen[key] ?? (conversationId === null ? lastChosen(projectId) : (stored ?? {}));
  const change = (next: Settings): void => {
    remember("local", `settings.${projectId}`, JSON.stringify(next));
    setChosen({ ...chosen, [key]: next });
  };
  return [settings, change];
}

function lastChosen(projectId: string): Settings {
  try {
    const parsed: unknown = JSON.parse(recall("local", `settings.${projectId}`) ?? "{}");
    if (typeof parsed !== "object" || parsed === null) return {};
    const fields = parsed as Record<string, unknown>;
    const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
    return {
      warehouse_id: text("warehouse_id"),
      default_catalog: text("default_catalog"),
      default_schema: text("default_schema"),
      model: text("model"),
      ...carefulMode(text("permission_mode")),
    };
  } catch {
    return {};
  }
}

/** What a new conversation takes over: that nothing is asked has to be said anew. */
function carefulMode(name: string | null): Pick<Settings, "permission_mode"> {
  const mode = asMode(name);
  return mode === null || mode === "run_all" ? {} : { permission_mode: mode };
}
