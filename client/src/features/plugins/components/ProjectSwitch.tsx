import { messageOf } from "@/api/problem";
import { Switch } from "@/shared/ui/Switch";
import { useSetProjectEnabled } from "../api/mutations";
import type { Plugin } from "../api/types";
import styles from "./ProjectSwitch.module.css";

/** On or off in one project. What is disabled for everybody cannot be on in one. */
export function ProjectSwitch({ plugin, projectId, labelled = false }: { plugin: Plugin; projectId: string; labelled?: boolean }) {
  const { set, wanted, error } = useSetProjectEnabled(plugin.id, projectId);
  const on = wanted ?? plugin.project_enabled;
  return (
    <span className={styles.root}>
      <Switch
        checked={plugin.enabled && on}
        disabled={!plugin.enabled}
        label={labelled ? "On in this project" : `${plugin.name} in this project`}
        labelHidden={!labelled}
        onChange={(enabled) => set(enabled)}
      />
      {error !== null && (
        <span role="alert" className={styles.error}>
          {messageOf(error)}
        </span>
      )}
    </span>
  );
}
