import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { cx } from "@/shared/lib/cx";
import { Dialog } from "@/shared/ui/Dialog";
import { Icon } from "@/shared/ui/Icon";
import { meQuery } from "../api/workspace";
import styles from "./WorkspaceSettings.module.css";

/** Which model answers; plainly said when it is the offline one. */
export function ModelBadge() {
  const me = useQuery(meQuery());
  const [open, setOpen] = useState(false);
  if (me.data === undefined) return null;
  const { model } = me.data;
  if (!model.offline) {
    return (
      <span className={styles.chip} title={`Model: ${model.name}`}>
        <Icon name="sparkle" size={15} />
        <span>{model.name}</span>
      </span>
    );
  }
  return (
    <>
      <button type="button" className={cx(styles.chip, styles.offline)} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="info" size={15} />
        <span>Offline model</span>
      </button>
      {open && (
        <Dialog title="You are using the offline model" onClose={() => setOpen(false)}>
          <div className={styles.prose}>
            <p>
              It needs no key and runs inside Bricklayer. It is <strong>not a language model</strong>: it understands a small set of requests, and direct tool
              commands such as <code>/sql SELECT 1</code>. What it runs is real: real tools, real SQL, real results.
            </p>
            <p>
              For open questions, set <code>ANTHROPIC_API_KEY</code>, or <code>ANTHROPIC_BASE_URL</code> with <code>ANTHROPIC_AUTH_TOKEN</code>, or name another
              model with <code>OPENAI_MODEL</code> or <code>BRICKLAYER_DATABRICKS_MODEL</code>, and start Bricklayer again.
            </p>
          </div>
        </Dialog>
      )}
    </>
  );
}
