import { useQuery } from "@tanstack/react-query";
import type { FileContent } from "@/api/content";
import { fileQuery } from "@/api/files";
import { messageOf } from "@/api/problem";
import { formatBytes } from "@/shared/lib/format";
import { Markdown } from "@/shared/markdown/Markdown";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import { ExpandableTable } from "@/shared/table/ExpandableTable";
import { parseCsv } from "@/shared/table/parseCsv";
import { Code } from "@/shared/ui/Code";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { plainName } from "@/shared/lib/plainSight";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { extensionOf, otherWords, pictureType, wantedOf } from "../model/kinds";
import { readJupyter, readSource } from "../model/notebook";
import styles from "./FilePanel.module.css";
import { Notebook } from "./Notebook";
import { Picture } from "./Picture";

interface FileViewerProps {
  projectId: string;
  path: string;
  /** As the list of files says; `null`: it is not listed. */
  size: number | null;
}

/** Looks into a file; of a large one it reads the beginning and the end. */
export function FileViewer({ projectId, path, size }: FileViewerProps) {
  const file = useQuery(fileQuery(projectId, path, wantedOf(path)));
  if (file.isPending) return <Skeleton lines={8} label="Loading the file" />;
  if (file.isError) {
    return <LoadFailure title="This file could not be opened" message={messageOf(file.error)} onRetry={() => void file.refetch()} />;
  }
  return <FileBody path={path} content={file.data} size={file.data.size ?? size} />;
}

function FileBody({ path, content, size }: { path: string; content: FileContent; size: number | null }) {
  const extension = extensionOf(path);
  switch (content.kind) {
    case "other":
      return (
        <Notice tone="info" title={size === null ? "This file cannot be shown here" : `This file of ${formatBytes(size)} cannot be shown here`}>
          {pictureType(path) !== null ? "The picture is too large. Download it to see it." : `It is ${otherWords(path)}.`}
        </Notice>
      );
    case "bytes":
      return <Picture bytes={content.bytes} type={pictureType(path) ?? ""} name={plainName(path)} />;
    case "cut":
      return <CutText content={content} size={size} language={extension} />;
    case "text":
      return content.text === "" ? <Notice tone="info">This file is empty.</Notice> : <WholeText path={path} text={content.text} extension={extension} />;
    default:
      return content satisfies never;
  }
}

function WholeText({ path, text, extension }: { path: string; text: string; extension: string }) {
  if (extension === "md" || extension === "markdown") {
    return (
      <div className={styles.document}>
        <MarkdownNotice />
        <Markdown text={text} />
      </div>
    );
  }
  if (extension === "csv" || extension === "tsv") return <ExpandableTable data={parseCsv(text, extension === "tsv" ? "\t" : ",")} label={plainName(path)} />;
  const cells = extension === "ipynb" ? readJupyter(text) : readSource(text, extension);
  if (cells !== null) return <Notebook cells={cells} />;
  return <Code code={text} language={extension} />;
}

function CutText({ content, size, language }: { content: Extract<FileContent, { kind: "cut" }>; size: number | null; language: string }) {
  const { head, tail } = content;
  const hidden = content.hidden ?? (size === null ? null : Math.max(0, size - head.length));
  return (
    <div className={styles.cut}>
      <Notice tone="info" title={size === null ? "This is the beginning of a large file" : `This file has ${formatBytes(size)}`}>
        {tail === "" ? "Its beginning is shown." : "Its beginning and its end are shown."} Download it to see all of it.
      </Notice>
      <Code code={head} language={language} label="beginning" />
      {hidden !== null && <p className={styles.more}>… {formatBytes(hidden)} not shown …</p>}
      {tail !== "" && <Code code={tail} language={language} label="end" />}
    </div>
  );
}
