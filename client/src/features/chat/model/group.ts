import type { Item, ProseItem, ToolItem } from "./view";

export type Group = { kind: "text" | "thinking"; key: string; item: ProseItem } | { kind: "tools"; key: string; items: readonly ToolItem[] };

/** Items as they are laid out: tool calls that follow each other lie together. */
export function groupItems(items: readonly Item[]): readonly Group[] {
  const groups: Group[] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (item.kind !== "tool") {
      if (item.text !== "" || item.kind === "thinking") groups.push({ kind: item.kind, key: item.key, item });
    } else if (last?.kind === "tools") groups[groups.length - 1] = { ...last, items: [...last.items, item] };
    else groups.push({ kind: "tools", key: `tools-${item.key}`, items: [item] });
  }
  return groups;
}
