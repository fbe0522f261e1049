import { useState } from "react";
import { cx } from "@/shared/lib/cx";
import { formatAgo, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { CopyButton } from "@/shared/ui/CopyButton";
import { IconButton } from "@/shared/ui/IconButton";
import { isCode, isLong } from "../model/longMessage";
import type { TurnVersion } from "../model/versions";
import { MessageEditor } from "./MessageEditor";
import styles from "./Turn.module.css";
import { VersionSwitch } from "./VersionSwitch";

interface UserMessageProps {
  executionId: string;
  text: string;
  at: string | null;
  versions: readonly TurnVersion[] | undefined;
}

export function UserMessage({ executionId, text, at, versions }: UserMessageProps) {
  const [open, setOpen] = useState(false);
  const [editing, setEditing] = useState(false);
  const long = isLong(text);
  if (editing) return <MessageEditor executionId={executionId} text={text} onClose={() => setEditing(false)} />;
  return (
    <div className={styles.user}>
      <div className={styles.userActions}>
        {at !== null && (
          <time dateTime={at} title={new Date(at).toLocaleString()}>
            {formatAgo(at, Date.now())}
          </time>
        )}
        <IconButton icon="edit" size="s" label="Edit message" onClick={() => setEditing(true)} />
        <CopyButton text={text} label="Copy message" />
      </div>
      <div className={styles.bubble}>
        <p dir="auto" className={cx(styles.said, isCode(text) && styles.code, long && !open && styles.folded)}>
          {text}
        </p>
        {long && (
          <Button size="s" variant="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Show less" : `Show all ${plural(text.split("\n").length, "line")}`}
          </Button>
        )}
      </div>
      {versions !== undefined && versions.length > 1 && <VersionSwitch executionId={executionId} versions={versions} />}
    </div>
  );
}
