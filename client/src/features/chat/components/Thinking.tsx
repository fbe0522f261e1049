import { memo } from "react";
import { formatDuration } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/useNow";
import { Markdown } from "@/shared/markdown/Markdown";
import { Disclosure } from "@/shared/ui/Disclosure";
import type { ProseItem } from "../model/view";
import styles from "./Thinking.module.css";

/** The model's reasoning: closed, with how long it took. */
export const Thinking = memo(function Thinking({ item }: { item: ProseItem }) {
  const active = !item.final && item.endedAt === null;
  if (item.text === "" && !active) return null;
  return (
    <div role="group" aria-label="Thinking">
      <Disclosure summary={active ? <ThinkingTimer since={item.startedAt} /> : <span>{label(item)}</span>}>
        <Markdown text={item.text} streaming={active} />
      </Disclosure>
    </div>
  );
});

function ThinkingTimer({ since }: { since: string | null }) {
  const now = useNow(1_000);
  const seconds = since === null ? 0 : Math.floor((now - Date.parse(since)) / 1_000);
  return <span className={styles.active}>Thinking{seconds > 0 ? ` · ${seconds} s` : "…"}</span>;
}

function label({ startedAt, endedAt }: ProseItem): string {
  if (startedAt === null || endedAt === null) return "Thought";
  const tookMs = Date.parse(endedAt) - Date.parse(startedAt);
  return tookMs < 1_000 ? "Thought for a moment" : `Thought for ${formatDuration(tookMs)}`;
}
