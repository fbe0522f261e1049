import { cx } from "@/shared/lib/cx";
import { plural } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { Link } from "@/shared/ui/Link";
import type { Plugin } from "../api/types";
import { givenWords } from "../model/requests";
import { usageWords } from "../model/words";
import { PluginBadges } from "./PluginBadges";
import { PluginIcon } from "./PluginIcon";
import styles from "./PluginList.module.css";
import { ProjectSwitch } from "./ProjectSwitch";

export function PluginRow({ plugin, projectId }: { plugin: Plugin; projectId: string | null }) {
  const off = !plugin.enabled || (projectId !== null && !plugin.project_enabled);
  return (
    <li className={cx(styles.row, plugin.status === "failing" && styles.failing)}>
      <Link href={links.plugin(projectId, plugin.id)} className={cx(styles.rowLink, off && styles.off)}>
        <PluginIcon plugin={plugin} />
        <span className={styles.text}>
          <span className={styles.line}>
            <span className={styles.name}>{plugin.name}</span>
            <span className={styles.version}>{plugin.version}</span>
            <span className={styles.badges}>
              <PluginBadges plugin={plugin} grouped />
            </span>
          </span>
          <span className={styles.description}>{plugin.description}</span>
          {plugin.status === "failing" && plugin.problem != null && <span className={styles.problem}>{plugin.problem}</span>}
          <span className={styles.meta}>
            {[plural(plugin.tools.length, "tool"), givenWords(plugin.requests), usageWords(plugin.usage, Date.now())].join(" · ")}
          </span>
        </span>
      </Link>
      {projectId !== null && (
        <div className={styles.side}>
          <ProjectSwitch plugin={plugin} projectId={projectId} />
        </div>
      )}
    </li>
  );
}
