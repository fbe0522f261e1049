import { useState } from "react";
import { messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { useWriteSkillFile } from "../api/mutations";
import type { SkillFile } from "../api/types";
import styles from "./Skills.module.css";

/** Changes a file's text. What the host refuses stays in the field. */
export function SkillEditor({ projectId, file, onClose }: { projectId: string; file: SkillFile; onClose: () => void }) {
  const write = useWriteSkillFile(projectId);
  // The text that was opened: what somebody else wrote meanwhile must not be replaced unseen.
  const [base] = useState(file.digest);
  const [text, setText] = useState(file.content);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        write.mutate({ path: file.path, content: text, base }, { onSuccess: onClose });
      }}
    >
      <div className={styles.fileBar}>
        <strong>{file.filename}</strong>
        <span className={styles.spacer} />
        <Button size="s" onClick={onClose}>
          Cancel
        </Button>
        <Button size="s" type="submit" variant="primary" disabled={write.isPending || text === file.content}>
          {write.isPending ? "Saving…" : "Save"}
        </Button>
      </div>
      {write.isError && (
        <Notice tone="bad" title="It was not saved">
          {messageOf(write.error)}
        </Notice>
      )}
      <textarea
        className={styles.editor}
        aria-label={`Text of ${file.filename}`}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}
