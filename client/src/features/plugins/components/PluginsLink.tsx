import { useQuery } from "@tanstack/react-query";
import { links } from "@/shared/lib/links";
import { Icon } from "@/shared/ui/Icon";
import { NavLink } from "@/shared/ui/NavLink";
import { pluginsQuery } from "../api/plugins";
import styles from "./PluginsLink.module.css";

/** How often one is told, without looking, that a plugin waits for a decision. */
const REFRESH_MS = 60_000;

/** The way to the plugins; says when one of them needs somebody. `compact`: a picture where there is no room for the word. */
export function PluginsLink({ projectId, compact = false }: { projectId: string | null; compact?: boolean }) {
  const list = useQuery({ ...pluginsQuery(projectId), staleTime: REFRESH_MS, refetchInterval: REFRESH_MS });
  const needy = (list.data?.plugins ?? []).filter(({ status, can_manage }) => can_manage && (status === "failing" || status === "update-waiting")).length;
  return (
    <NavLink page="plugins" href={links.plugins(projectId)} className={compact ? styles.compact : undefined}>
      <Icon name="plugin" size={17} />
      <span className={styles.label}>Plugins</span>
      {needy > 0 && (
        <span className={styles.needy} title={needy === 1 ? "One needs you" : `${needy} need you`}>
          {needy}
          <span className="visually-hidden"> {needy === 1 ? "needs" : "need"} you</span>
        </span>
      )}
    </NavLink>
  );
}
