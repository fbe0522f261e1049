import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/problem";
import type { Resource } from "@/api/types";
import { formatAgo } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { Link } from "@/shared/ui/Link";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Name } from "@/shared/ui/Name";
import { resourcesQuery, useForgetResource, useRemoveResource } from "../api/resources";
import styles from "./ResourceList.module.css";

/** What this project made at the workspace and what is still there; nothing where it made nothing. */
export function ResourceList({ projectId }: { projectId: string }) {
  const query = useQuery(resourcesQuery(projectId));
  const [asked, setAsked] = useState<Resource | null>(null);
  const resources = query.data?.resources ?? [];
  if (query.isError) {
    const again = (): void => void query.refetch();
    return <LoadFailure title="What was made at the workspace could not be loaded" message={messageOf(query.error)} stale={false} onRetry={again} />;
  }
  if (resources.length === 0) return null;
  return (
    <section className={styles.section} aria-label="Made at the workspace">
      <h3 className={styles.title}>Made at the workspace</h3>
      <ul className={styles.list}>
        {resources.map((resource) => (
          <Row key={resource.resource_id} resource={resource} projectId={projectId} onRemove={() => setAsked(resource)} />
        ))}
      </ul>
      {query.data?.next != null && <p className={styles.more}>Older ones are not listed here.</p>}
      {asked !== null && <Remove resource={asked} projectId={projectId} onClose={() => setAsked(null)} />}
    </section>
  );
}

function Row({ resource, projectId, onRemove }: { resource: Resource; projectId: string; onRemove: () => void }) {
  return (
    <li className={styles.row}>
      <span className={styles.kind}>{typeWords(resource.type)}</span>
      <span className={styles.name}>
        {resource.link == null ? (
          <Name text={resource.name} />
        ) : (
          <a href={resource.link} target="_blank" rel="noopener noreferrer" title={resource.link}>
            <Name text={resource.name} />
          </a>
        )}
        {!resource.whole && <span className={styles.half}>may be half made</span>}
      </span>
      <span className={styles.meta}>
        {resource.conversation_id == null ? (
          formatAgo(resource.created_at, Date.now())
        ) : (
          <Link href={links.conversation(projectId, resource.conversation_id)}>{formatAgo(resource.created_at, Date.now())}</Link>
        )}
      </span>
      <Button size="s" onClick={onRemove} aria-label={`Remove ${plainName(resource.name)}`}>
        Remove
      </Button>
    </li>
  );
}

/** Removes the thing by its family's tool, which asks once more in a conversation; or only forgets the line. */
function Remove({ resource, projectId, onClose }: { resource: Resource; projectId: string; onClose: () => void }) {
  const remove = useRemoveResource(projectId);
  const forget = useForgetResource(projectId);
  const { removable, resource_id: id } = resource;
  const confirm = (): void => {
    if (!removable) return forget.mutate(id, { onSuccess: onClose });
    remove.mutate(id, {
      onSuccess: ({ conversation_id }) => {
        onClose();
        navigate(links.conversation(projectId, conversation_id));
      },
    });
  };
  const error = remove.error ?? forget.error;
  return (
    <ConfirmDialog
      title={removable ? `Remove this ${typeWords(resource.type)}?` : "Take it off the list?"}
      confirmLabel={removable ? "Remove" : "Take off the list"}
      pendingLabel="Working…"
      pending={remove.isPending || forget.isPending}
      error={error === null ? null : messageOf(error)}
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>
        <strong>
          <Name text={resource.name} />
        </strong>{" "}
        {removable
          ? "is deleted at the workspace. A conversation opens, which shows the call and asks once more before it runs."
          : "cannot be removed by a tool of this project. It stays at the workspace, and is no longer listed here."}
      </p>
    </ConfirmDialog>
  );
}

function typeWords(type: string): string {
  return type.replaceAll("_", " ");
}
