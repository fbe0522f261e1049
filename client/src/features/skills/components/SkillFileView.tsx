import { useState } from "react";
import { Markdown } from "@/shared/markdown/Markdown";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import { Button } from "@/shared/ui/Button";
import { Code } from "@/shared/ui/Code";
import { Segmented } from "@/shared/ui/Segmented";
import type { SkillFile } from "../api/types";
import { parts } from "../model/words";
import { SkillEditor } from "./SkillEditor";
import styles from "./Skills.module.css";

type Look = "read" | "text";

const looks: readonly { value: Look; label: string }[] = [
  { value: "read", label: "Read" },
  { value: "text", label: "Text" },
];

/** A file of a skill: read as it is meant, seen as it is written, or changed. */
export function SkillFileView({ projectId, file }: { projectId: string; file: SkillFile }) {
  const [look, setLook] = useState<Look>("read");
  const [editing, setEditing] = useState(false);
  const isMarkdown = /\.(md|markdown)$/i.test(file.filename);
  if (editing) return <SkillEditor projectId={projectId} file={file} onClose={() => setEditing(false)} />;
  const { front, body } = parts(file.content);
  const isRead = isMarkdown && look === "read";
  return (
    <article aria-label={file.path}>
      <div className={styles.fileBar}>
        {isMarkdown && <Segmented label="How it is shown" value={look} options={looks} onChange={setLook} />}
        <span className={styles.spacer} />
        <Button size="s" icon="edit" onClick={() => setEditing(true)}>
          Edit
        </Button>
      </div>
      {isRead ? (
        <div className={styles.read}>
          {front !== null && <pre className={styles.front}>{front}</pre>}
          <MarkdownNotice />
          <Markdown text={body} />
        </div>
      ) : (
        <Code code={file.content} language={file.filename.split(".").at(-1) ?? ""} label={file.filename} />
      )}
    </article>
  );
}
