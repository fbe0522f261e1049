import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, useMemo, useState } from "react";
import { messageOf } from "@/api/problem";
import { formatCost, formatCount, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Name } from "@/shared/ui/Name";
import { Popover } from "@/shared/ui/Popover";
import { Skeleton } from "@/shared/ui/Skeleton";
import { type ConversationSpending, usageQuery } from "../api/usage";
import { useChat } from "../chatContext";
import { type ContextFill, contextOf } from "../model/context";
import type { ConversationView } from "../model/view";
import styles from "./ContextMeter.module.css";

/** What the host takes for the wish to summarise. */
const COMPACT = "/compact";

/** How much the model reads and what it cost, in one small ring; opens to its parts. Nothing before the first answer. */
export function ContextMeter({ view, running }: { view: ConversationView; running: boolean }) {
  const { send } = useChat();
  const [open, setOpen] = useState(false);
  const fill = useMemo(() => contextOf(view), [view]);
  if (fill === null) return null;
  const percent = fill.share === null ? null : Math.round(fill.share * 100);
  const says = percent === null ? `${shortCount(fill.total)} tokens` : `${percent} %`;
  const trigger = (
    <button type="button" className={styles.trigger} aria-label={`Context: ${percent === null ? says : `${percent} % full`}`} title="Context and cost">
      <Ring share={fill.share ?? 0} />
      <span>{says}</span>
    </button>
  );
  return (
    <Popover label="Context and cost" trigger={trigger} open={open} onOpenChange={setOpen}>
      <div className={styles.box}>
        <Parts fill={fill} />
        {fill.limit !== null && (
          <p className={styles.note}>
            Above {formatCount(fill.limit)} tokens a summary takes the place of earlier messages.{" "}
            <Button
              size="s"
              disabled={running}
              onClick={() => {
                setOpen(false);
                send(COMPACT);
              }}
            >
              Summarise now
            </Button>
          </p>
        )}
        {open && <Cost />}
      </div>
    </Popover>
  );
}

function Ring({ share }: { share: number }) {
  return (
    <svg className={styles.ring} viewBox="0 0 20 20" aria-hidden="true" data-full={share >= 0.8 || undefined}>
      <circle cx="10" cy="10" r="7.5" />
      <circle cx="10" cy="10" r="7.5" pathLength="100" strokeDasharray={`${Math.max(share * 100, 2)} 100`} transform="rotate(-90 10 10)" />
    </svg>
  );
}

function Parts({ fill }: { fill: ContextFill }) {
  const whole = Math.max(fill.limit ?? 0, fill.total, 1);
  return (
    <section className={styles.section}>
      <h3 className={styles.head}>
        <span>Context</span>
        <span>about {formatCount(fill.total)} tokens</span>
      </h3>
      <div className={styles.bar} aria-hidden="true">
        {fill.parts.map(({ label, tokens }) => (
          <i key={label} style={{ "--share": tokens / whole } as CSSProperties} />
        ))}
      </div>
      <dl className={styles.rows}>
        {fill.parts.map(({ label, tokens }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{formatCount(tokens)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What it took until now; asked for when it is looked at. */
function Cost() {
  const { projectId, conversationId } = useChat();
  const usage = useQuery(usageQuery(projectId, conversationId));
  if (usage.isPending) return <Skeleton lines={2} label="Loading what this conversation took" />;
  if (usage.isError) return <p className={styles.note}>What this conversation took is not known: {messageOf(usage.error)}</p>;
  const { models, total, budget, today, day_budget: day } = usage.data;
  return (
    <section className={styles.section}>
      <h3 className={styles.head}>
        <span>This conversation</span>
        <span>{total.cost_micro_usd > 0 ? `about ${formatCost(total.cost_micro_usd)}` : `${formatCount(tokensOf(total))} tokens`}</span>
      </h3>
      <dl className={styles.rows}>
        {models.map(({ model, calls, usage: took, priced }) => (
          <div key={model}>
            <dt>
              <Name text={model === "" ? "another model" : model} />
              <small>
                {plural(calls, "call")} · {formatCount(tokensOf(took))} tokens{took.cache_read_input_tokens > 0 && `, ${cachedShare(took)} % from the cache`}
              </small>
            </dt>
            <dd>{priced ? formatCost(took.cost_micro_usd) : "no price"}</dd>
          </div>
        ))}
      </dl>
      <Budget what="This conversation" budget={budget} took={total} />
      <Budget what="You today" budget={day} took={today} />
      {total.cost_micro_usd > 0 && <p className={styles.note}>An estimate from the prices that this host goes by, subagents included.</p>}
    </section>
  );
}

type Usage = ConversationSpending["total"];

/** How much of a budget is used; nothing where there is none. */
function Budget({ what, budget, took }: { what: string; budget: ConversationSpending["budget"]; took: Usage }) {
  const { micro_usd: money, tokens } = budget;
  return (
    <>
      {money !== null && (
        <p className={styles.note}>
          {what}: {formatCost(took.cost_micro_usd)} of {formatCost(money)}
        </p>
      )}
      {tokens !== null && (
        <p className={styles.note}>
          {what}: {formatCount(tokensOf(took))} of {formatCount(tokens)} tokens
        </p>
      )}
    </>
  );
}

function readTokens(usage: Usage): number {
  return usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens;
}

function tokensOf(usage: Usage): number {
  return readTokens(usage) + usage.output_tokens;
}

function cachedShare(usage: Usage): number {
  return Math.round((usage.cache_read_input_tokens / Math.max(1, readTokens(usage))) * 100);
}

function shortCount(count: number): string {
  return count < 1_000 ? String(count) : `${Math.round(count / 1_000)}k`;
}
