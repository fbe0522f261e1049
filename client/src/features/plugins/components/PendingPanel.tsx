import { useState } from "react";
import { messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { toast } from "@/shared/ui/toast";
import { useConsent, useRejectUpdate } from "../api/mutations";
import type { PendingVersion, Plugin } from "../api/types";
import { useDeparture } from "@/shared/lib/focus";
import { DiffView } from "./DiffView";
import { GrantScope } from "./GrantScope";
import styles from "./PluginDetail.module.css";
import { RequestChoices } from "./RequestChoices";

/** A newer version asks for more than this one has: nothing changes until somebody decides. */
export function PendingPanel({ plugin, pending, projectId }: { plugin: Plugin; pending: PendingVersion; projectId: string | null }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [inProject, setInProject] = useState(false);
  const consent = useConsent(plugin.id);
  const reject = useRejectUpdate(plugin.id);
  useDeparture();
  const busy = consent.isPending || reject.isPending;
  const failure = consent.error ?? reject.error;
  return (
    <section className={styles.pending} aria-labelledby="pending-title">
      <div>
        <h2 id="pending-title">Version {pending.version} waits for you</h2>
        <p>
          It asks for more than {plugin.version}, which stays in use until you decide. Tick what the new version may have; it runs with less too, and is refused
          the rest.
        </p>
      </div>
      <DiffView diff={pending} />
      {pending.added.length > 0 && plugin.can_manage && (
        <>
          <RequestChoices title="It newly asks for" requests={pending.added} chosen={chosen} onChange={setChosen} />
          {projectId !== null && chosen.size > 0 && <GrantScope inProject={inProject} onChange={setInProject} />}
        </>
      )}
      {failure !== null && (
        <Notice tone="bad" title="That did not work">
          {messageOf(failure)}
        </Notice>
      )}
      {plugin.can_manage ? (
        <div className={styles.buttons}>
          <Button
            variant="primary"
            disabled={busy}
            onClick={() =>
              consent.mutate(
                { digest: pending.digest, grants: [...chosen], ...(inProject && projectId !== null ? { project_id: projectId } : {}) },
                { onSuccess: () => toast(`${plugin.name} is ${pending.version} now`) },
              )
            }
          >
            {consent.isPending ? "Updating…" : `Update to ${pending.version}`}
          </Button>
          <Button disabled={busy} onClick={() => reject.mutate(undefined, { onSuccess: () => toast(`${plugin.name} stays ${plugin.version}`) })}>
            {reject.isPending ? "Turning it down…" : `Keep ${plugin.version}`}
          </Button>
        </div>
      ) : (
        <p>Whoever manages this plugin decides about it.</p>
      )}
    </section>
  );
}
