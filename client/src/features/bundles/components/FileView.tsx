import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { FileContent } from "@/api/content";
import { fileUrl } from "@/api/files";
import { messageOf } from "@/api/problem";
import { diffLines } from "@/shared/lib/lineDiff";
import { buttonClass } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { LineDiff } from "@/shared/ui/LineDiff";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import { Segmented } from "@/shared/ui/Segmented";
import { Skeleton } from "@/shared/ui/Skeleton";
import { shownQuery } from "../api/texts";
import { useBundle } from "../bundleContext";
import { insidePath } from "../model/bundles";
import { AnnotatedCode } from "./AnnotatedCode";
import styles from "./Files.module.css";

type Look = "file" | "changes";

const looks: readonly { value: Look; label: string }[] = [
  { value: "file", label: "File" },
  { value: "changes", label: "Changes" },
];

/** One file of a bundle: as it is, with findings beside their lines, or what changed in it. */
export function FileView({ path, line }: { path: string; line: number | null }) {
  const { projectId, bundle, seen } = useBundle();
  const file = bundle.files.find((entry) => entry.path === path);
  const content = useQuery({ ...shownQuery(projectId, file ?? { path, modified: "", size: 0 }), enabled: file !== undefined });
  const change = seen.changes.get(path);
  const [look, setLook] = useState<Look>("file");
  const shown = file === undefined || (change !== undefined && look === "changes") ? "changes" : "file";
  return (
    <article className={styles.file} aria-label={insidePath(bundle.folder, path)}>
      <div className={styles.fileBar}>
        <h2>
          <Name text={insidePath(bundle.folder, path)} />
        </h2>
        {change !== undefined && file !== undefined && <Segmented label="How it is shown" value={look} options={looks} onChange={setLook} />}
        {file !== undefined && (
          <a className={buttonClass({ variant: "quiet", size: "s" }, undefined)} href={fileUrl(projectId, path, { download: true })} download>
            <Icon name="download" size={15} />
            Download
          </a>
        )}
      </div>
      {file === undefined && change === undefined && <Notice tone="info">This file is not in the bundle any more.</Notice>}
      {file !== undefined && content.isPending && <Skeleton lines={10} label="Loading the file" />}
      {content.isError && <LoadFailure title="The file could not be opened" message={messageOf(content.error)} onRetry={() => void content.refetch()} />}
      {shown === "changes" && change !== undefined && <Changes path={path} now={file === undefined ? "" : textOf(content.data)} />}
      {shown === "file" && content.data !== undefined && <Content path={path} content={content.data} line={line} />}
    </article>
  );
}

function textOf(content: FileContent | undefined): string | null {
  return content?.kind === "text" ? content.text : null;
}

function Changes({ path, now }: { path: string; now: string | null }) {
  const { seen, bundle } = useBundle();
  const files = seen.was?.files ?? {};
  const was = Object.hasOwn(files, path) ? files[path] : undefined;
  // What was not there was empty; of what is no text, or is too large, nothing was kept.
  const before = was === undefined ? "" : was.text;
  if (before === null || now === null)
    return <Notice tone="info">It is no text, or too large to be compared line by line. It is another one than before.</Notice>;
  const name = insidePath(bundle.folder, path);
  return <LineDiff label={`Changes in ${name}`} caption={name} hunks={diffLines(before, now)} />;
}

function Content({ path, content, line }: { path: string; content: FileContent; line: number | null }) {
  switch (content.kind) {
    case "text":
      return <AnnotatedCode path={path} text={content.text} line={line} />;
    case "cut":
      return (
        <>
          <Notice tone="info">This is the beginning of a large file. Download it to see all of it.</Notice>
          <AnnotatedCode path={path} text={content.head} line={line} />
        </>
      );
    case "bytes":
    case "other":
      return <Notice tone="info">This file is not text. Download it to look inside.</Notice>;
    default:
      return content satisfies never;
  }
}
