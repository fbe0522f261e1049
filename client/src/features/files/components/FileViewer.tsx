import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { Markdown } from "@/shared/markdown/Markdown";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import { ExpandableTable } from "@/shared/table/ExpandableTable";
import { parseCsv } from "@/shared/table/parseCsv";
import { Code } from "@/shared/ui/Code";
import { Notice } from "@/shared/ui/Notice";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { type FileContent, fileQuery } from "../api/files";
import styles from "./FilePanel.module.css";

export function FileViewer({ projectId, path }: { projectId: string; path: string }) {
  const file = useQuery(fileQuery(projectId, path));
  if (file.isPending) return <Skeleton lines={8} label="Loading the file" />;
  if (file.isError) {
    return <LoadFailure title="This file could not be opened" message={messageOf(file.error)} onRetry={() => void file.refetch()} />;
  }
  return <FileBody path={path} content={file.data} />;
}

function FileBody({ path, content }: { path: string; content: FileContent }) {
  if (content.text === null) return <Notice tone="info">This file is not text, or too large to show here. Download it to look inside.</Notice>;
  if (content.text === "") return <Notice tone="info">This file is empty.</Notice>;
  const extension = path.split(".").at(-1)?.toLowerCase() ?? "";
  if (extension === "md" || extension === "markdown") {
    return (
      <div className={styles.document}>
        <MarkdownNotice />
        <Markdown text={content.text} />
      </div>
    );
  }
  if (extension === "csv" || extension === "tsv") return <ExpandableTable data={parseCsv(content.text, extension === "tsv" ? "\t" : ",")} label={path} />;
  return <Code code={content.text} language={extension} />;
}
