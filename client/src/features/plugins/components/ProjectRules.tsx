import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Disclosure } from "@/shared/ui/Disclosure";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { IconButton } from "@/shared/ui/IconButton";
import { Switch } from "@/shared/ui/Switch";
import { rulesQuery, useSetRules } from "../api/rules";
import type { HeldRules, Rule } from "../api/types";
import styles from "./ProjectRules.module.css";

const kinds: readonly { kind: Rule["kind"]; label: string }[] = [
  { kind: "deny", label: "Never" },
  { kind: "ask", label: "Always ask" },
  { kind: "allow", label: "Without asking" },
];

const labelOf = (kind: Rule["kind"]): string => kinds.find((known) => known.kind === kind)?.label ?? kind;

/** What the project's owner says of calls, whatever the mode of a conversation. */
export function ProjectRules({ projectId }: { projectId: string }) {
  const held = useQuery(rulesQuery(projectId));
  if (held.isError)
    return (
      <LoadFailure
        title="Rules about calls could not be loaded"
        message={messageOf(held.error)}
        stale={held.data !== undefined}
        onRetry={() => void held.refetch()}
      />
    );
  if (held.data === undefined) return null;
  const { rules, operator } = held.data;
  const count = rules.length + operator.length;
  return (
    <section className={styles.section} aria-label="Rules about calls">
      <Disclosure summary={<span>Rules about calls{count > 0 && ` (${String(count)})`}</span>}>
        <Held projectId={projectId} held={held.data} />
      </Disclosure>
    </section>
  );
}

function Held({ projectId, held }: { projectId: string; held: HeldRules }) {
  const set = useSetRules(projectId);
  const { rules, operator, second_look } = held;
  const put = (next: readonly Rule[], look = second_look) => set.mutateAsync({ rules: [...next], second_look: look });
  return (
    <div className={styles.body}>
      <p className={styles.says}>
        A rule names a tool, and in parentheses what it is about: <code>execute_sql(drop table main.hr.*)</code>, <code>Write(secrets/**)</code>,{" "}
        <code>run_job(job_id: 12)</code>.
      </p>
      {operator.length > 0 && (
        <ul className={styles.rules} aria-label="Rules of this host’s operator">
          {operator.map(({ kind, rule }) => (
            <li key={`${kind} ${rule}`}>
              <span className={styles.kind}>{labelOf(kind)}</span>
              <code>{rule}</code>
              <span className={styles.says}>the operator’s</span>
            </li>
          ))}
        </ul>
      )}
      {rules.length > 0 && (
        <ul className={styles.rules} aria-label="Rules of this project">
          {rules.map((one) => (
            <li key={`${one.kind} ${one.rule}`}>
              <span className={styles.kind}>{labelOf(one.kind)}</span>
              <code>{one.rule}</code>
              <IconButton
                icon="trash"
                label={`Remove the rule ${one.rule}`}
                disabled={set.isPending}
                onClick={() => quietly(put(rules.filter((other) => other !== one)))}
              />
            </li>
          ))}
        </ul>
      )}
      <NewRule disabled={set.isPending} onAdd={(rule) => put([...rules, rule])} />
      {set.isError && (
        <p role="alert" className={styles.error}>
          {messageOf(set.error)}
        </p>
      )}
      <Switch
        label="Ask again about what destroys or sends, once the agent has read content that you did not write"
        checked={second_look}
        disabled={set.isPending}
        onChange={(look) => quietly(put(rules, look))}
      />
    </div>
  );
}

/** What fails is told below. */
function quietly(change: Promise<unknown>): void {
  change.catch(() => undefined);
}

function NewRule({ disabled, onAdd }: { disabled: boolean; onAdd: (rule: Rule) => Promise<unknown> }) {
  const [kind, setKind] = useState<Rule["kind"]>("ask");
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const rule = text.trim();
    if (rule === "") return;
    // What is refused stays to be mended.
    onAdd({ kind, rule }).then(
      () => setText(""),
      () => undefined,
    );
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <select className={styles.select} aria-label="What the rule says" value={kind} onChange={(event) => setKind(event.target.value as Rule["kind"])}>
        {kinds.map((known) => (
          <option key={known.kind} value={known.kind}>
            {known.label}
          </option>
        ))}
      </select>
      <input
        className={styles.input}
        aria-label="Which calls"
        placeholder="execute_sql(drop)"
        spellCheck={false}
        autoCapitalize="off"
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" size="s" icon="plus" disabled={disabled || text.trim() === ""}>
        Add rule
      </Button>
    </form>
  );
}
