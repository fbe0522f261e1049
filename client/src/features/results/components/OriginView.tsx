import type { ReactNode } from "react";
import type { ResultInfo } from "@/api/types";
import { formatBytes, formatDuration, formatMoment, plural } from "@/shared/lib/format";
import { asRecord } from "@/shared/lib/record";
import { Code } from "@/shared/ui/Code";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Name } from "@/shared/ui/Name";
import styles from "./OriginView.module.css";
import { RunAgain } from "./RunAgain";

interface OriginViewProps {
  info: ResultInfo;
  /** Opens another result. */
  onOpen: (id: string) => void;
  /** A turn was begun in this conversation. */
  onBegun: (conversationId: string, executionId: string) => void;
}

/** The proof of a result: what was sent, where, when, and what came of it. */
export function OriginView({ info, onOpen, onBegun }: OriginViewProps) {
  const { origin } = info;
  const parameters = Array.isArray(origin.parameters) ? origin.parameters : Object.keys(asRecord(origin.parameters)).length > 0 ? origin.parameters : null;
  const place = [origin.catalog, origin.schema].filter((name) => name != null && name !== "").join(".");
  const facts: [string, ReactNode][] = [
    ["Tool", mono(origin.tool)],
    ["Statement id", copied(origin.statement_id)],
    ["Workspace", mono(origin.workspace)],
    ["Warehouse", mono(origin.warehouse_id)],
    ["Names meant", mono(place === "" ? null : place)],
    ["When", origin.started_at == null ? null : <time dateTime={origin.started_at}>{formatMoment(origin.started_at, Date.now())}</time>],
    ["Took", origin.duration_ms == null ? null : formatDuration(origin.duration_ms)],
    ["Kept", info.content === "table" ? `${plural(info.rows, "row")}, ${formatBytes(info.bytes)}` : formatBytes(info.bytes)],
    ["At the source", atSource(info)],
    ["Digest", copied(info.digest, "SHA-256 of columns and values: equal results have equal ones")],
    ["Result id", copied(info.id)],
  ];
  return (
    <div className={styles.origin}>
      <RunAgain info={info} onOpen={onOpen} onBegun={onBegun} />
      {origin.statement != null && origin.statement !== "" && <Code code={origin.statement} language="sql" label="statement as it was sent" bounded />}
      {parameters != null && <Code code={JSON.stringify(parameters, null, 2)} language="json" label="parameters as they were sent" bounded />}
      <dl className={styles.facts}>
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </div>
  );
}

function mono(text: string | null | undefined): ReactNode {
  return text == null || text === "" ? null : (
    <code>
      <Name text={text} />
    </code>
  );
}

function copied(text: string | null | undefined, title?: string): ReactNode {
  return text == null || text === "" ? null : (
    <span className={styles.copied}>
      <code title={title}>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}

function atSource({ origin, rows, cut }: ResultInfo): string | null {
  if (cut?.reason === "row_limit") return `more than the ${plural(rows, "row")} that were asked for`;
  if (origin.rows == null) return origin.truncated === true ? "more than is kept" : null;
  const isCut = origin.truncated === true;
  return origin.rows === rows && !isCut ? null : `${plural(origin.rows, "row")}${isCut ? ", cut there" : ""}`;
}
