import { formatBytes } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import type { SkillNode } from "../api/types";
import styles from "./Skills.module.css";

/** Folders and files of a skill; folders are few and stay open. */
export function SkillTree({ projectId, nodes, open }: { projectId: string; nodes: readonly SkillNode[]; open: string }) {
  return (
    <ul className={styles.nodes}>
      {nodes.map((node) => (
        <li key={node.path}>
          {node.children === null ? (
            <Link href={links.skill(projectId, node.path)} className={styles.node} aria-current={node.path === open ? "page" : undefined}>
              <Icon name="file" size={15} />
              <Name text={node.name} />
              <span className={styles.meta}>{formatBytes(node.size ?? 0)}</span>
            </Link>
          ) : (
            <>
              <span className={styles.folder}>
                <Icon name="folder" size={15} />
                <Name text={node.name} />
              </span>
              <SkillTree projectId={projectId} nodes={node.children} open={open} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
