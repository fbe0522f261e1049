import { useState } from "react";
import { cx } from "@/shared/lib/cx";
import { formatAgo, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { CopyButton } from "@/shared/ui/CopyButton";
import { isCode, isLong } from "../model/longMessage";
import styles from "./Turn.module.css";

export function UserMessage({ text, at }: { text: string; at: string | null }) {
  const [open, setOpen] = useState(false);
  const long = isLong(text);
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
    </div>
  );
}
