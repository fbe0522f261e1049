import { formatAgo } from "@/shared/lib/format";
import { CopyButton } from "@/shared/ui/CopyButton";
import styles from "./Turn.module.css";

export function UserMessage({ text, at }: { text: string; at: string | null }) {
  return (
    <div className={styles.user}>
      <div className={styles.userActions}>
        {at !== null && (
          <time dateTime={at} title={new Date(at).toLocaleString()}>
            {formatAgo(at, Date.now())}
          </time>
        )}
        <CopyButton text={text} label="Copy message" />
      </div>
      <p className={styles.bubble}>{text}</p>
    </div>
  );
}
