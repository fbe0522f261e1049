import type { ConversationSummary } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import { formatAgo } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { Link } from "@/shared/ui/Link";
import { Menu } from "@/shared/ui/Menu";
import { Spinner } from "@/shared/ui/Spinner";
import styles from "./ConversationList.module.css";

interface ConversationRowProps {
  conversation: ConversationSummary;
  active: boolean;
  onRename: () => void;
  onDelete: () => void;
}

export function ConversationRow({ conversation, active, onRename, onDelete }: ConversationRowProps) {
  const running = conversation.active_execution_id != null;
  return (
    <li className={cx(styles.row, active && styles.active)}>
      <Link href={links.conversation(conversation.project_id, conversation.id)} aria-current={active ? "page" : undefined} className={styles.link}>
        <span className={styles.title}>{conversation.title}</span>
        <span className={styles.when}>
          {running ? (
            <>
              <Spinner /> running
            </>
          ) : (
            formatAgo(conversation.updated_at, Date.now())
          )}
        </span>
      </Link>
      <Menu
        className={styles.menu}
        label={`Actions for ${conversation.title}`}
        items={[
          { label: "Rename", icon: "edit", onSelect: onRename },
          { label: "Delete", icon: "trash", danger: true, onSelect: onDelete },
        ]}
      />
    </li>
  );
}
