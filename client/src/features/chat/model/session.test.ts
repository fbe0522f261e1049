import { afterEach, describe, expect, it, vi } from "vitest";
import { Problem } from "@/api/problem";
import type { StreamOptions } from "@/api/stream";
import { wire as anyWire, sent } from "@/api/testing/events";
import type { WireEvent } from "@/api/wire";
import { Session, type Snapshot } from "./session";
import { MAIN_LANE } from "./versions";

const turn = "t1";

const wire = (event: object): WireEvent => anyWire({ execution_id: turn, ...event });

const created = sent({ type: "conversation.created", message: "Hello", seq: 1, execution_id: turn });
const text = (seq: number, offset: number, piece: string): WireEvent => wire({ type: "text_delta", step: 0, block: 0, offset, text: piece, seq });
const completed = wire({ type: "stream.completed", seq: 9 });

type Connection = (options: StreamOptions) => Promise<void>;

/** A far end that plays one script per connection and remembers where each began. */
function farEnd(...scripts: Connection[]) {
  const after: number[] = [];
  const read = (options: StreamOptions): Promise<void> => {
    after.push(options.after);
    const script = scripts[after.length - 1];
    if (script === undefined) return new Promise(() => undefined);
    options.onOpen();
    return script(options);
  };
  return { read, after };
}

const sends =
  (...events: WireEvent[]): Connection =>
  async ({ onFrame }) => {
    for (const event of events) onFrame(event);
  };

/** Nobody else wants to connect. */
const takeLine = (_kind: string, ended: AbortSignal) => Promise.resolve({ signal: ended, brief: false, leave: () => undefined });

function open(snapshot: Snapshot, far: ReturnType<typeof farEnd>) {
  const activity: string[] = [];
  const session = new Session({ load: () => Promise.resolve(snapshot), onActivity: (what) => activity.push(what), read: far.read, takeLine });
  return { session, activity };
}

const running: Snapshot = { events: [created], last_seq: 1, active_execution: { id: turn } };

function shown(session: Session): string {
  return session.store
    .get()
    .view.turns.flatMap((each) => each.items.flatMap((item) => (item.kind === "text" ? [item.text] : [])))
    .join("|");
}

afterEach(() => vi.useRealTimers());

describe("a session", () => {
  it("continues a running turn after the history's last event, to its end", async () => {
    const far = farEnd(sends(text(2, 0, "Hi "), text(3, 3, "there"), completed));
    const { session, activity } = open(running, far);
    await session.load();
    await vi.waitFor(() => expect(session.store.get().executionId).toBeNull());
    expect(far.after).toEqual([1]);
    expect(shown(session)).toBe("Hi there");
    expect(session.store.get().view.turns[0]?.status).toBe("completed");
    expect(activity).toEqual(["turn"]);
  });

  it("connects again from the last event it saw whole, and shows nothing twice", async () => {
    vi.useFakeTimers();
    const far = farEnd(sends(text(2, 0, "Hi ")), sends(text(2, 0, "Hi "), text(3, 3, "there"), completed));
    const { session } = open(running, far);
    await session.load();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(far.after).toEqual([1, 2]);
    expect(shown(session)).toBe("Hi there");
  });

  it("goes on at once when the server closes on purpose", async () => {
    const far = farEnd(sends(wire({ type: "stream.reconnect" })), sends(completed));
    const { session } = open(running, far);
    await session.load();
    await vi.waitFor(() => expect(session.store.get().executionId).toBeNull());
    expect(far.after).toEqual([1, 1]);
  });

  it("says that it waits while the server cannot be reached, and tries now when asked", async () => {
    vi.useFakeTimers();
    const fails: Connection = () => Promise.reject(new Problem(0, {}));
    const far = farEnd(fails, fails, sends(completed));
    const { session } = open(running, far);
    await session.load();
    await vi.waitFor(() => expect(session.store.get().connection.kind).toBe("waiting"));
    session.reconnectNow();
    await vi.waitFor(() => expect(session.store.get().connection).toMatchObject({ kind: "waiting", attempt: 2 }));
    session.reconnectNow();
    await vi.waitFor(() => expect(session.store.get().executionId).toBeNull());
  });

  it("asks the log when the server does not know the turn any more", async () => {
    let loads = 0;
    const far = farEnd(() => Promise.reject(new Problem(404, {})));
    const session = new Session({
      load: () => {
        loads += 1;
        return Promise.resolve(loads === 1 ? running : { events: [created, { ...completed, seq: 2 }], last_seq: 2, active_execution: null });
      },
      onActivity: () => undefined,
      read: far.read,
      takeLine,
    });
    await session.load();
    await vi.waitFor(() => expect(loads).toBe(2));
    await vi.waitFor(() => expect(session.store.get().view.turns[0]?.status).toBe("completed"));
    expect(session.store.get().executionId).toBeNull();
  });

  it("shows the message of a turn that was just accepted", () => {
    const { session } = open(running, farEnd());
    session.started(turn, "Hello");
    expect(session.store.get()).toMatchObject({ phase: "ready", executionId: turn, view: { turns: [{ message: "Hello", status: "running" }] } });
  });

  it("says when the conversation does not exist", async () => {
    const session = new Session({ load: () => Promise.reject(new Problem(404, {})), onActivity: () => undefined });
    await session.load();
    expect(session.store.get().phase).toBe("missing");
  });

  it("keeps what is on screen when a refresh fails", async () => {
    let loads = 0;
    const session = new Session({
      load: () => {
        loads += 1;
        return loads === 1 ? Promise.resolve({ events: [created], last_seq: 1, active_execution: null }) : Promise.reject(new Problem(0, {}));
      },
      onActivity: () => undefined,
    });
    await session.load();
    await session.load();
    expect(session.store.get()).toMatchObject({ phase: "ready", view: { turns: [{ message: "Hello" }] } });
  });

  it("loads what another window said in between, before it goes on", async () => {
    const other = { ...created, message: "In between", execution_id: "t2", seq: 3 };
    const mine = { ...created, message: "Mine", execution_id: "t3", seq: 6 };
    let loads = 0;
    const far = farEnd(sends(wire({ ...mine, type: "conversation.created" })), sends(wire({ type: "stream.completed", execution_id: "t3", seq: 7 })));
    const session = new Session({
      load: () => {
        loads += 1;
        const before = [created, { ...completed, seq: 2 }];
        const ended = { ...completed, execution_id: "t2", seq: 5 };
        return Promise.resolve(
          loads === 1 ? { events: before, last_seq: 2 } : { events: [...before, other, ended, mine], last_seq: 6, active_execution: { id: "t3" } },
        );
      },
      onActivity: () => undefined,
      read: far.read,
      takeLine,
    });
    await session.load();
    session.started("t3", "Mine");
    await vi.waitFor(() => expect(session.store.get().view.turns.map((each) => each.message)).toEqual(["Hello", "In between", "Mine"]));
    await vi.waitFor(() => expect(session.store.get().executionId).toBeNull());
    expect(far.after).toEqual([2, 6]);
  });

  it("shows another version as it is, goes on with it, and says something in the place of a turn", async () => {
    const [main, fork] = ["lane-main", "lane-fork"];
    const said = (id: string, message: string, seq: number) => [
      sent({ type: "conversation.created", message, seq, execution_id: id }),
      anyWire({ type: "stream.completed", seq: seq + 1, execution_id: id }),
    ];
    const versions = (shownTurn: string) => [
      {
        execution_id: shownTurn,
        versions: [
          { execution_id: "b", lane_id: main },
          { execution_id: "c", lane_id: fork },
        ],
      },
    ];
    const asked: (string | null)[] = [];
    const session = new Session({
      load: (_, { laneId }) => {
        asked.push(laneId);
        const isMain = laneId === main;
        const events = [...said("a", "one", 1), ...(isMain ? said("b", "two", 3) : said("c", "zwei", 5))];
        return Promise.resolve({ events, last_seq: 6, lane_id: isMain ? main : fork, versions: versions(isMain ? "b" : "c") });
      },
      onActivity: () => undefined,
      read: farEnd().read,
      takeLine,
    });
    const messages = () => session.store.get().view.turns.map((each) => each.message);
    await session.load();
    expect(messages()).toEqual(["one", "zwei"]);
    expect(await session.show(main)).toBe(true);
    expect([messages(), session.store.get().laneId]).toEqual([["one", "two"], main]);
    // What was chosen stays until something is said.
    await session.load();
    session.started("d", "deux", "b");
    expect(messages()).toEqual(["one", "deux"]);
    expect(session.store.get().versions.get("d")).toEqual([
      { executionId: "b", laneId: main },
      { executionId: "c", laneId: fork },
      { executionId: "d", laneId: null },
    ]);
    expect(await session.show(main)).toBe(false);
    expect(asked).toEqual([null, main, main]);
  });

  it("turns to the version with which a turn goes on that was begun elsewhere on the page", async () => {
    const lane = { id: "lane-fork", parent: { through: 2 } };
    const begun = sent({ type: "conversation.created", message: "again", seq: 7, execution_id: "e", lane });
    const far = farEnd(async ({ onFrame }) => onFrame(anyWire(begun)));
    let loads = 0;
    const session = new Session({
      load: () => {
        loads += 1;
        if (loads === 1) return Promise.resolve({ events: [created], last_seq: 6, lane_id: MAIN_LANE });
        return Promise.resolve({ events: [created, begun], last_seq: 7, lane_id: lane.id });
      },
      onActivity: () => undefined,
      read: far.read,
      takeLine,
    });
    await session.load();
    session.started("e", "again");
    await vi.waitFor(() => expect([loads, session.store.get().laneId]).toEqual([2, lane.id]));
    expect(session.store.get().view.turns.map((each) => each.executionId)).toEqual([turn, "e"]);
  });

  it("follows what the project's list says, and only when there is something new", async () => {
    const loads: number[] = [];
    const session = new Session({
      load: () => {
        loads.push(1);
        return Promise.resolve({ events: [created, { ...completed, seq: 2 }], last_seq: 2 });
      },
      onActivity: () => undefined,
      read: farEnd().read,
      takeLine,
    });
    await session.load();
    session.heard(3, null);
    session.watch();
    session.heard(2, null);
    session.heard(null, null);
    session.heard(2, turn);
    expect(loads).toHaveLength(1);
    session.heard(3, null);
    await vi.waitFor(() => expect(session.store.get().phase).toBe("ready"));
    expect(loads).toHaveLength(2);
    await vi.waitFor(() => {
      session.heard(4, "another");
      expect(loads.length).toBeGreaterThan(2);
    });
  });

  it("ends its stream when it is not on screen any more, and goes on when it is again", async () => {
    const far = farEnd(() => new Promise(() => undefined), sends(completed));
    const { session } = open(running, far);
    const leave = session.watch();
    await session.load();
    await vi.waitFor(() => expect(session.store.get().connection.kind).toBe("open"));
    leave();
    expect(session.store.get().connection.kind).toBe("closed");
    session.watch();
    await session.load();
    await vi.waitFor(() => expect(session.store.get().view.turns[0]?.status).toBe("completed"));
    expect(far.after).toEqual([1, 1]);
  });

  it("gives its connection up when nobody looks, which is no failure, and takes it again", async () => {
    const lines: AbortController[] = [];
    const far = farEnd(({ signal }) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Error("gone")))), sends(completed));
    const session = new Session({
      load: () => Promise.resolve(running),
      onActivity: () => undefined,
      read: far.read,
      takeLine: () => {
        const line = new AbortController();
        lines.push(line);
        return Promise.resolve({ signal: line.signal, brief: false, leave: () => undefined });
      },
    });
    await session.load();
    await vi.waitFor(() => expect(session.store.get().connection.kind).toBe("open"));
    lines[0]?.abort();
    await vi.waitFor(() => expect(session.store.get().executionId).toBeNull());
    expect(session.store.get().view.turns[0]?.status).toBe("completed");
    expect(lines).toHaveLength(2);
  });
});

describe("a long conversation", () => {
  const said = (id: number): object => ({ ...created, execution_id: `t${id}`, message: `${id}`, seq: id });

  function paged() {
    const asked: (number | undefined)[] = [];
    const session = new Session({
      load: (_, { before }) => {
        asked.push(before);
        return Promise.resolve(
          before === undefined ? { events: [said(5), said(6)], last_seq: 6, earlier: 5 } : { events: [said(3), said(4)], last_seq: 6, earlier: null },
        );
      },
      onActivity: () => undefined,
    });
    const messages = () => session.store.get().view.turns.map((each) => each.message);
    return { session, asked, messages };
  }

  it("begins with its newest turns and gets the earlier ones when asked", async () => {
    const { session, asked, messages } = paged();
    await session.load();
    expect(messages()).toEqual(["5", "6"]);
    await session.loadEarlier();
    expect(messages()).toEqual(["3", "4", "5", "6"]);
    expect(session.store.get().earlier).toBeNull();
    await session.loadEarlier();
    expect(asked).toEqual([undefined, 5]);
  });

  it("keeps earlier turns when it is loaded again", async () => {
    const { session, messages } = paged();
    await session.load();
    await session.loadEarlier();
    await session.load();
    expect(messages()).toEqual(["3", "4", "5", "6"]);
    expect(session.store.get().earlier).toBeNull();
  });

  it("says when earlier turns could not be loaded, and lets one try again", async () => {
    let fails = true;
    const session = new Session({
      load: (_, { before }) =>
        before !== undefined && fails
          ? Promise.reject(new Problem(0, {}))
          : Promise.resolve({ events: [said(before === undefined ? 5 : 4)], last_seq: 5, earlier: before === undefined ? 5 : null }),
      onActivity: () => undefined,
    });
    await session.load();
    await session.loadEarlier();
    expect(session.store.get().earlierPhase).toBe("failed");
    fails = false;
    await session.loadEarlier();
    expect(session.store.get().view.turns).toHaveLength(2);
  });
});
