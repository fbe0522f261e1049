import { useState } from "react";
import { messageOf } from "@/api/problem";
import { leftOpen } from "@/shared/lib/dialogText";
import { Button } from "@/shared/ui/Button";
import { Menu, type MenuItem } from "@/shared/ui/Menu";
import { Notice } from "@/shared/ui/Notice";
import { toast } from "@/shared/ui/toast";
import { useSetEnabled, useUpdate } from "../api/mutations";
import type { Plugin } from "../api/types";
import { useArrival } from "@/shared/lib/focus";
import { updateWords } from "../model/words";
import { PluginBadges } from "./PluginBadges";
import styles from "./PluginDetail.module.css";
import { PluginIcon } from "./PluginIcon";
import { ProjectSwitch } from "./ProjectSwitch";
import { RemovePlugin } from "./RemovePlugin";
import { RollBackPlugin } from "./RollBackPlugin";
import { UpdateDialog } from "./UpdateDialog";

/** What was sent as a file came from no place that could be asked again. */
const UPLOADED = "upload";

type Open = "update" | "roll-back" | "remove" | null;

export function DetailHeader({ plugin, projectId }: { plugin: Plugin; projectId: string | null }) {
  const heading = useArrival<HTMLHeadingElement>();
  const [open, setOpen] = useState<Open>(() => (leftOpen("update-plugin") === plugin.id ? "update" : null));
  const update = useUpdate(plugin.id);
  const enable = useSetEnabled(plugin.id);
  const own = plugin.can_manage && plugin.scope !== "shipped";
  const items: MenuItem[] = [
    ...(own ? [{ label: "Update from elsewhere…", icon: "upload", onSelect: () => setOpen("update") } as const] : []),
    ...(own && plugin.previous != null
      ? [{ label: `Roll back to ${plugin.previous.version}…`, icon: "undo", onSelect: () => setOpen("roll-back") } as const]
      : []),
    ...(plugin.can_manage
      ? [
          {
            label: plugin.enabled ? "Disable everywhere" : "Enable",
            icon: plugin.enabled ? "stop" : "check",
            onSelect: () => enable.mutate(!plugin.enabled),
          } as const,
        ]
      : []),
    ...(own ? [{ label: "Remove…", icon: "trash", danger: true, onSelect: () => setOpen("remove") } as const] : []),
  ];
  const check = (): void => update.mutate({}, { onSuccess: (answer) => toast(updateWords(answer)) });
  const failure = update.error ?? enable.error;
  return (
    <header className={styles.header}>
      <PluginIcon plugin={plugin} large />
      <div className={styles.title}>
        <div className={styles.nameLine}>
          <h1 ref={heading} tabIndex={-1}>
            {plugin.name}
          </h1>
          <span className={styles.version}>{plugin.version}</span>
          <span className={styles.badges}>
            <PluginBadges plugin={plugin} />
          </span>
        </div>
        <p className={styles.description}>{plugin.description}</p>
      </div>
      <div className={styles.actions}>
        {projectId !== null && <ProjectSwitch plugin={plugin} projectId={projectId} labelled />}
        {own && plugin.source !== UPLOADED && (
          <Button size="s" icon="refresh" disabled={update.isPending} onClick={check}>
            {update.isPending ? "Checking…" : "Check for update"}
          </Button>
        )}
      </div>
      {items.length > 0 && <Menu label={`Actions for ${plugin.name}`} items={items} />}
      {failure !== null && (
        <div className={styles.wide}>
          <Notice tone="bad">{messageOf(failure)}</Notice>
        </div>
      )}
      {!plugin.enabled && (
        <div className={styles.wide}>
          <Notice
            tone="info"
            title="Disabled everywhere"
            actions={
              plugin.can_manage && (
                <Button size="s" disabled={enable.isPending} onClick={() => enable.mutate(true)}>
                  Enable
                </Button>
              )
            }
          >
            Its tools are in no conversation until it is enabled again. What you gave it stays as it is.
          </Notice>
        </div>
      )}
      {open === "update" && <UpdateDialog plugin={plugin} projectId={projectId} onClose={() => setOpen(null)} />}
      {open === "roll-back" && <RollBackPlugin plugin={plugin} onClose={() => setOpen(null)} />}
      {open === "remove" && <RemovePlugin plugin={plugin} projectId={projectId} onClose={() => setOpen(null)} />}
    </header>
  );
}
