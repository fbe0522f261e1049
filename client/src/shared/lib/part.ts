/** A piece of the page's code that comes in a file of its own, when it is first wanted. */
import { useEffect, useSyncExternalStore } from "react";
import { Store } from "./store";

export type PartState<T> =
  | { status: "loading" }
  | { status: "here"; value: T }
  /** The host was updated since the page was opened and no longer has the file, or the connection is gone. */
  | { status: "missing" };

/**
 * Not React's `lazy`: that remembers a failure for as long as the page is open, and shows what stands in for it for a
 * moment also when the file is already here.
 */
export class Part<T> {
  readonly #load: () => Promise<T>;
  readonly #state = new Store<PartState<T>>({ status: "loading" });
  #asked = false;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  readonly get = this.#state.get;
  readonly subscribe = this.#state.subscribe;

  /** Asks for the file unless it is here or on its way; after a failure, once more. */
  readonly fetch = (): void => {
    if (this.#asked) return;
    this.#asked = true;
    this.#load().then(
      (value) => this.#state.set({ status: "here", value }),
      () => {
        this.#asked = false;
        this.#state.set({ status: "missing" });
      },
    );
  };
}

export function usePart<T>(part: Part<T>): PartState<T> {
  const state = useSyncExternalStore(part.subscribe, part.get);
  // Fetching is of the world outside; drawing only says that it is wanted.
  useEffect(() => part.fetch(), [part]);
  return state;
}
