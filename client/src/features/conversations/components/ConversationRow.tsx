import { cx } from "@/shared/lib/cx";
import { formatAgo } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { useSeen } from "@/shared/lib/seen";
import { Link } from "@/shared/ui/Link";
import { Menu } from "@/shared/ui/Menu";
import { Name } from "@/shared/ui/Name";
import { Spinner } from "@/shared/ui/Spinner";
import { type Summary, statusOf, statusWords } from "../model/status";
import styles from "./ConversationList.module.css";

interface ConversationRowProps {
  conversation: Summary;
  active: boolean;
  onRename: () => void;
  onDelete: () => void;
}

export function ConversationRow({ conversation, active, onRename, onDelete }: ConversationRowProps) {
  const seen = useSeen();
  const status = statusOf(conversation, active ? undefined : seen[conversation.id]);
  return (
    <li className={cx(styles.row, active && styles.active)}>
      <Link href={links.conversation(conversation.project_id, conversation.id)} aria-current={active ? "page" : undefined} className={styles.link}>
        <span className={styles.title}>
          <Name text={conversation.title} />
        </span>
        <span className={styles.when} data-status={status}>
          {status === "idle" ? (
            formatAgo(conversation.updated_at, Date.now())
          ) : (
            <>
              {status === "running" ? <Spinner /> : <span className={styles.dot} aria-hidden="true" />}
              {statusWords[status]}
            </>
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
