/** The page's keyboard shortcuts: one table for the listener and the help. */

interface Shortcut {
  id: ShortcutId;
  /** `mod` is Ctrl, on a Mac Command. */
  keys: readonly string[];
  label: string;
}

export type ShortcutId = "newChat" | "search" | "sidebar" | "files" | "compose" | "help";

export const shortcuts: readonly Shortcut[] = [
  { id: "newChat", keys: ["mod", "shift", "o"], label: "New conversation" },
  { id: "search", keys: ["mod", "k"], label: "Search conversations" },
  { id: "sidebar", keys: ["mod", "shift", "s"], label: "Show or hide the sidebar" },
  { id: "files", keys: ["mod", "shift", "e"], label: "Show or hide files" },
  { id: "compose", keys: ["shift", "escape"], label: "Go to the message field" },
  { id: "help", keys: ["mod", "/"], label: "This help" },
];

/** Keys that work in one place only; listed in the help. */
export const localKeys: readonly { keys: readonly string[]; label: string }[] = [
  { keys: ["enter"], label: "Send the message" },
  { keys: ["shift", "enter"], label: "New line" },
  { keys: ["↑"], label: "Earlier message (in an empty field)" },
  { keys: ["escape", "escape"], label: "Stop the running turn" },
  { keys: ["← ↑ ↓ →"], label: "Walk through a result table" },
];

interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

export function matchShortcut(press: KeyPress): ShortcutId | null {
  if (press.altKey) return null;
  const mod = press.ctrlKey || press.metaKey;
  const found = shortcuts.find(
    ({ keys }) => keys.at(-1) === press.key.toLowerCase() && keys.includes("mod") === mod && keys.includes("shift") === press.shiftKey,
  );
  return found?.id ?? null;
}

/** How a key is called on this machine. */
export function keyLabel(key: string, isMac: boolean): string {
  const names: Record<string, string> = { mod: isMac ? "⌘" : "Ctrl", shift: isMac ? "⇧" : "Shift", escape: "Esc", enter: "Enter" };
  return names[key] ?? key.toUpperCase();
}
