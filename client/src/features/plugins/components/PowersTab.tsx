import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { useSetGrants } from "../api/mutations";
import { pluginsQuery } from "../api/plugins";
import type { Plugin } from "../api/types";
import { groupRequests } from "../model/requests";
import styles from "./Powers.module.css";
import { type MayGive, RequestRow } from "./RequestRow";

/** From here on, one press for all is worth its place. */
const ALL_FROM = 3;

interface PowersTabProps {
  plugin: Plugin;
  projectId: string | null;
  /** The power that one came for, by its id. */
  meant: string | null;
}

export function PowersTab({ plugin, projectId, meant }: PowersTabProps) {
  const grants = useSetGrants(plugin, projectId);
  const policy = useQuery(pluginsQuery(projectId)).data?.policy;
  const mayGive: MayGive = plugin.can_manage
    ? "everywhere"
    : projectId !== null && plugin.scope === "everyone" && policy?.may_install === true
      ? "project"
      : "nowhere";
  const { requests } = plugin;
  if (requests.length === 0) {
    return <p className={styles.intro}>It asks for nothing: it computes with what the agent hands it, and reaches neither the network nor your files.</p>;
  }
  const target = projectId === null ? "everywhere" : "project";
  // Seen from one project, what every project has is left alone.
  const held = requests.filter((request) => request.given === target).map((request) => request.id);
  const missing = requests.filter((request) => request.given === "no").map((request) => request.id);
  return (
    <div className={styles.powers}>
      <div className={styles.introLine}>
        <p className={styles.intro}>
          This is all that it asks for. What is not given is refused when it tries.
          {projectId === null && plugin.can_manage && " To give something for one project only, choose the project above."}
        </p>
        {plugin.can_manage && requests.length >= ALL_FROM && (
          <span className={styles.all}>
            <Button size="s" disabled={missing.length === 0} onClick={() => grants.set(missing, target)}>
              {projectId === null ? "Give all" : "Give all for this project"}
            </Button>
            <Button size="s" variant="quiet" disabled={held.length === 0} onClick={() => grants.set(held, "no")}>
              {projectId === null ? "Take all back" : "Take back for this project"}
            </Button>
          </span>
        )}
      </div>
      {meant !== null && !requests.some((request) => request.id === meant) && (
        <Notice tone="info" title="It does not ask for that any more">
          This version asks for other powers than the one that was refused: <code>{meant}</code>
        </Notice>
      )}
      {grants.error !== null && (
        <Notice tone="bad" title="That was not changed">
          {messageOf(grants.error)}
        </Notice>
      )}
      {groupRequests(requests).map((group) => (
        <div key={group.key} role="group" aria-label={group.title}>
          <h2 className={styles.groupTitle}>{group.title}</h2>
          <ul className={styles.rows}>
            {group.requests.map((request) => (
              <RequestRow
                key={request.id}
                request={request}
                projectId={projectId}
                mayGive={mayGive}
                meant={request.id === meant}
                onChange={(given) => grants.set([request.id], given)}
              />
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}
