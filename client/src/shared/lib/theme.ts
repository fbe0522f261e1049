import { Store } from "./store";
import { recall, remember } from "./storage";

export type Theme = "auto" | "light" | "dark";

function initial(): Theme {
  const stored = recall("local", "theme");
  return stored === "light" || stored === "dark" ? stored : "auto";
}

export const theme = new Store<Theme>(initial());

export function setTheme(next: Theme): void {
  remember("local", "theme", next === "auto" ? null : next);
  if (next === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
  theme.set(next);
}
