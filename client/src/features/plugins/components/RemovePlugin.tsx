import { messageOf } from "@/api/problem";
import { plural } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { toast } from "@/shared/ui/toast";
import { useRemove } from "../api/mutations";
import type { Plugin } from "../api/types";
import styles from "./PluginDetail.module.css";

export function RemovePlugin({ plugin, projectId, onClose }: { plugin: Plugin; projectId: string | null; onClose: () => void }) {
  const remove = useRemove(plugin.id);
  const keepsState = plugin.requests.some((request) => request.kind === "state");
  return (
    <ConfirmDialog
      title={`Remove ${plugin.name}?`}
      confirmLabel="Remove plugin"
      pendingLabel="Removing…"
      pending={remove.isPending}
      error={remove.isError ? messageOf(remove.error) : null}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: () => {
            toast(`${plugin.name} removed`);
            navigate(links.plugins(projectId), { replace: true });
          },
        })
      }
      onClose={onClose}
    >
      <p>With it go, at once and for {plugin.scope === "everyone" ? "everyone on this host" : "you"}:</p>
      <ul className={styles.goes}>
        <li>{plural(plugin.tools.length, "tool")} of the agent, in every project</li>
        <li>all powers that it was given</li>
        {keepsState && <li>what it keeps in its store</li>}
        {plugin.previous != null && <li>its previous version, {plugin.previous.version}</li>}
      </ul>
      <p>Files it wrote stay, and so does the record of its calls.</p>
    </ConfirmDialog>
  );
}
