import type { Project } from "@/api/types";
import { formatAgo, plural } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { Menu } from "@/shared/ui/Menu";
import styles from "./ProjectList.module.css";

/** What hosts say that know it. */
type WithCounts = Project & { readonly waiting_count?: number; readonly running_count?: number };

export function ProjectCard({ project, onRename, onDelete }: { project: WithCounts; onRename: () => void; onDelete: () => void }) {
  return (
    <li className={styles.card}>
      <Link href={links.project(project.id)} className={styles.cardLink}>
        <span className={styles.name}>
          <Name text={project.name} />
        </span>
        {(project.waiting_count ?? 0) > 0 && (
          <span className={styles.waiting}>
            {project.waiting_count === 1 ? "1 conversation waits for you" : `${project.waiting_count} conversations wait for you`}
          </span>
        )}
        {(project.running_count ?? 0) > 0 && <span className={styles.running}>{project.running_count} running</span>}
        <span className={styles.meta}>
          {plural(project.conversation_count, "conversation")} · created {formatAgo(project.created_at, Date.now())}
        </span>
      </Link>
      <Menu
        className={styles.cardMenu}
        label={`Actions for ${project.name}`}
        items={[
          { label: "Rename", icon: "edit", onSelect: onRename },
          { label: "Delete", icon: "trash", danger: true, onSelect: onDelete },
        ]}
      />
    </li>
  );
}
