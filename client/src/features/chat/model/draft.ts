import type { Item, ProseItem, ToolItem, TurnView } from "./view";

/**
 * A turn while events are folded into it: found by key and changed in place, so that an event costs the same however
 * long the turn is. What it is made from stays as it was, and unchanged items stay the same objects.
 */
export class TurnDraft {
  #turn: TurnView;
  readonly #items = new Map<string, Item>();
  #itemsChanged = false;
  /** Something came that belongs before what is there. */
  #unsorted = false;
  #lastOrder: number;
  /** Keys of thinking whose end is not known. */
  readonly #thinking = new Set<string>();

  constructor(turn: TurnView) {
    this.#turn = turn;
    for (const item of turn.items) {
      this.#items.set(keyOf(item), item);
      this.#watch(item);
    }
    this.#lastOrder = turn.items.at(-1)?.order ?? -Infinity;
  }

  /** The turn but for its items, which are here. */
  get turn(): Omit<TurnView, "items"> {
    return this.#turn;
  }

  items(): Item[] {
    return [...this.#items.values()];
  }

  prose(key: string): ProseItem | undefined {
    const item = this.#items.get(`prose ${key}`);
    return item?.kind === "tool" ? undefined : item;
  }

  tool(id: string): ToolItem | undefined {
    const item = this.#items.get(`tool ${id}`);
    return item?.kind === "tool" ? item : undefined;
  }

  patch(change: Partial<Omit<TurnView, "items">>): void {
    this.#turn = { ...this.#turn, ...change };
  }

  put(item: Item): void {
    const key = keyOf(item);
    if (!this.#items.has(key)) {
      if (item.order < this.#lastOrder) this.#unsorted = true;
      else this.#lastOrder = item.order;
    }
    this.#items.set(key, item);
    this.#watch(item);
    this.#itemsChanged = true;
  }

  remove(item: Item): void {
    this.#items.delete(keyOf(item));
    this.#thinking.delete(item.key);
    this.#itemsChanged = true;
  }

  /** Thinking has ended as soon as anything else of its turn begins; how long it took is then known. */
  endThinking(exceptKey: string, at: string | null): void {
    if (at === null || this.#thinking.size === 0) return;
    for (const key of this.#thinking) {
      const item = this.prose(key);
      if (key !== exceptKey && item !== undefined) this.put({ ...item, endedAt: at });
    }
  }

  done(): TurnView {
    if (!this.#itemsChanged) return this.#turn;
    const items = this.items();
    return { ...this.#turn, items: this.#unsorted ? items.toSorted((a, b) => a.order - b.order) : items };
  }

  #watch(item: Item): void {
    if (item.kind === "thinking" && item.endedAt === null && item.startedAt !== null) this.#thinking.add(item.key);
    else this.#thinking.delete(item.key);
  }
}

/** A model chooses the names of its calls; they must not meet those of blocks. */
function keyOf(item: Item): string {
  return `${item.kind === "tool" ? "tool" : "prose"} ${item.key}`;
}
