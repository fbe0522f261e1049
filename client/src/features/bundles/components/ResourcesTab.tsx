import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { plainName } from "@/shared/lib/plainSight";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { useBegin } from "../api/begin";
import { summaryQuery } from "../api/queries";
import { commands } from "../api/tools";
import type { SummedResource } from "../api/types";
import { useBundle } from "../bundleContext";
import { standingWords } from "../model/words";
import { PartFailure } from "./PartFailure";
import styles from "./Parts.module.css";

/** The bundle's resources, and what of them is in the workspace. */
export function ResourcesTab() {
  const { projectId, which, stand } = useBundle();
  const summary = useQuery(summaryQuery(projectId, which, stand));
  const begin = useBegin(projectId);
  if (summary.isPending) return <Skeleton lines={6} label="Asking the workspace" />;
  return (
    <div className={styles.stack}>
      {summary.isError && (
        <PartFailure
          title="What is in the workspace could not be read"
          error={summary.error}
          stale={summary.data !== undefined}
          onRetry={() => void summary.refetch()}
        />
      )}
      {begin.isError && <Notice tone="bad">{messageOf(begin.error)}</Notice>}
      {summary.data?.resources.length === 0 && (
        <div className={styles.none}>
          <Icon name="bundle" size={28} />
          <p>This bundle has no resources for this target.</p>
        </div>
      )}
      {summary.data !== undefined && summary.data.resources.length > 0 && (
        <>
          <ul className={styles.table} aria-label="Resources">
            {summary.data.resources.map((resource) => (
              <ResourceRow key={resource.key} resource={resource} pending={begin.isPending} onRun={() => begin.mutate(commands.run(which, resource.key))} />
            ))}
          </ul>
          <p className={styles.meta}>
            In <Name text={summary.data.root_path} />, as <Name text={summary.data.user} />
          </p>
        </>
      )}
    </div>
  );
}

/** What can be run once it is deployed. */
const RUNS = /^(?:jobs|pipelines)\.[^.]+$/;

function ResourceRow({ resource, pending, onRun }: { resource: SummedResource; pending: boolean; onRun: () => void }) {
  const { key, name, standing, id, link } = resource;
  const { word, tone } = standingWords[standing];
  const href = link !== null && /^https?:\/\//.test(link) ? link : null;
  return (
    <li className={styles.tableRow}>
      <div>
        <p className={styles.key}>
          {href === null ? (
            <Name text={name} />
          ) : (
            <a href={href} target="_blank" rel="noopener noreferrer" title={href}>
              <Name text={name} />
            </a>
          )}
        </p>
        <p className={styles.meta}>
          <code>
            <Name text={key} />
          </code>
          {id !== null && <> · {plainName(id)}</>}
        </p>
      </div>
      <Badge tone={tone}>{word}</Badge>
      {standing === "deployed" && RUNS.test(key) && (
        <Button size="s" disabled={pending} aria-label={`Run ${plainName(name)}`} onClick={onRun}>
          Run
        </Button>
      )}
    </li>
  );
}
