import { useState } from "react";
import { messageOf } from "@/api/problem";
import { formatMoment, plural, sentence } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { plainName } from "@/shared/lib/plainSight";
import { Badge } from "@/shared/ui/Badge";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Name } from "@/shared/ui/Name";
import { Skeleton } from "@/shared/ui/Skeleton";
import type { Deployed } from "../api/types";
import { useBundle } from "../bundleContext";
import { useDeploys } from "../hooks/useDeploys";
import { type Deploy, deploysOf } from "../model/history";
import { actionWords } from "../model/words";
import styles from "./Parts.module.css";

/** What calls of this project deployed of the bundle, newest first. */
export function HistoryTab() {
  const { projectId, bundle, config, validation } = useBundle();
  const { deploys, isPending, error, retry } = useDeploys(projectId);
  const [now] = useState(() => Date.now());
  const own = deploysOf(deploys, validation?.name ?? config.name ?? bundle.name);
  if (isPending) return <Skeleton lines={5} label="Loading the history" />;
  return (
    <div className={styles.stack}>
      {error !== null && <LoadFailure title="The history could not be loaded" message={messageOf(error)} stale={own.length > 0} onRetry={retry} />}
      {error === null && own.length === 0 && (
        <div className={styles.none}>
          <Icon name="upload" size={28} />
          <p>Nothing of this bundle was deployed from this project yet. What others deployed elsewhere is not listed.</p>
        </div>
      )}
      {own.length > 0 && (
        <ul className={styles.table} aria-label="History">
          {own.map((deploy) => (
            <DeployRow key={deploy.id} deploy={deploy} now={now} projectId={projectId} />
          ))}
        </ul>
      )}
    </div>
  );
}

function DeployRow({ deploy, now, projectId }: { deploy: Deploy; now: number; projectId: string }) {
  const { name, at, isRemoval, conversationId, result } = deploy;
  return (
    <li className={styles.tableRow}>
      <div>
        <p className={styles.key}>
          {result === null ? (
            <Name text={name} />
          ) : (
            <>
              {isRemoval ? "Taken away from" : "Deployed to"} <Name text={result.target} />
            </>
          )}
        </p>
        <p className={styles.meta}>
          {formatMoment(at, now)}
          {result !== null && (
            <>
              {" "}
              · deploy {result.serial} · <Name text={result.root_path} />
            </>
          )}
        </p>
        {result !== null && <Outcome result={result} />}
      </div>
      {result === null ? <span /> : <Badge tone={result.ok ? "good" : "bad"}>{result.ok ? "done" : "done in part"}</Badge>}
      {conversationId !== null && (
        <Link href={links.conversation(projectId, conversationId)} aria-label={`Conversation of ${plainName(name)}`}>
          Conversation
        </Link>
      )}
    </li>
  );
}

/** What was done and what failed, when somebody asks. */
function Outcome({ result }: { result: Deployed }) {
  const { done, failed, unchanged, uploads } = result;
  const said = [
    plural(done.length, "resource"),
    failed.length > 0 && `${failed.length} failed`,
    unchanged > 0 && `${unchanged} unchanged`,
    uploads > 0 && `${plural(uploads, "file")} uploaded`,
  ].filter((part) => part !== false);
  return (
    <Disclosure summary={said.join(", ")}>
      <ul className={styles.outcome}>
        {failed.map(({ key, message }) => (
          <li key={key} className={styles.bad}>
            <Name text={key} />: <Name text={sentence(message)} />
          </li>
        ))}
        {done.map(({ key, action, link }) => (
          <li key={key}>
            {actionWords[action].word}:{" "}
            {link !== null && /^https?:\/\//.test(link) ? (
              <a href={link} target="_blank" rel="noopener noreferrer">
                <Name text={key} />
              </a>
            ) : (
              <Name text={key} />
            )}
          </li>
        ))}
      </ul>
    </Disclosure>
  );
}
