import { useEffect, useRef, useState } from "react";
import { announcement, stillWorking } from "../model/announce";
import type { ConversationView, TurnView } from "../model/view";

/** Long work is said again this often. */
const AGAIN_AFTER_MS = 15_000;

/** Says aloud what happens in the running turn, for who does not see it. Never interrupts. */
export function Announcer({ view }: { view: ConversationView }) {
  const turn = view.turns.at(-1);
  const before = useRef<TurnView | undefined>(undefined);
  const [text, setText] = useState("");
  const [saidAt, setSaidAt] = useState(0);
  const running = turn?.status === "running";

  // What is new is known by what was there before.
  useEffect(() => {
    const known = before.current?.executionId === turn?.executionId ? before.current : undefined;
    before.current = turn;
    if (turn === undefined) return;
    const news = announcement(known, turn);
    if (news !== "") setText(news);
    if (news !== "" || known === undefined) setSaidAt(Date.now());
  }, [turn]);

  // Time passes outside.
  useEffect(() => {
    if (!running || saidAt === 0) return;
    const timer = setTimeout(
      () => {
        const now = before.current;
        if (now === undefined) return;
        setText(stillWorking(now, Date.now() - Date.parse(now.at ?? new Date().toISOString())));
        setSaidAt(Date.now());
      },
      Math.max(0, saidAt + AGAIN_AFTER_MS - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [running, saidAt]);

  return (
    <p className="visually-hidden" role="status" aria-label="What happens">
      {text}
    </p>
  );
}
