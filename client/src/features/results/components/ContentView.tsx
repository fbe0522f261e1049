import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import type { ResultInfo } from "@/api/types";
import { keepFrom } from "@/shared/lib/download";
import { formatBytes } from "@/shared/lib/format";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { Code } from "@/shared/ui/Code";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { contentPath, isPicture, textQuery } from "../api/content";
import styles from "./ContentView.module.css";

export type Content = Pick<ResultInfo, "id" | "content" | "bytes" | "media_type" | "file_name" | "title" | "state" | "rows">;

/** A result that is no table: text as far as it can be read at once, a picture in its place, a file to take along. */
export function ContentView({ info }: { info: Content }) {
  const name = plainName(info.file_name ?? info.title ?? "result");
  return (
    <div className={styles.content}>
      {info.content === "text" && <TextContent info={info} />}
      {isPicture(info) && <img src={contentPath(info.id)} alt={name} className={styles.picture} />}
      {info.content !== "text" && (
        <p className={styles.file}>
          <span>
            {name}, {formatBytes(info.bytes)}
          </span>
          <Button size="s" icon="download" onClick={() => keepFrom(contentPath(info.id))}>
            Download
          </Button>
        </p>
      )}
    </div>
  );
}

function TextContent({ info }: { info: Content }) {
  const text = useQuery(textQuery(info));
  if (text.isPending) return <Skeleton lines={6} label="Loading the text" />;
  if (text.isError) return <LoadFailure title="The text could not be loaded" message={messageOf(text.error)} onRetry={() => void text.refetch()} />;
  const { head, tail, hidden } = text.data;
  const language = info.media_type === "application/json" ? "json" : (info.file_name?.split(".").at(-1) ?? "");
  return (
    <>
      <Code code={head} language={language} label={hidden === 0 ? "text" : "beginning"} />
      {hidden > 0 && (
        <p className={styles.file}>
          <span>… {formatBytes(hidden)} not shown …</span>
          <Button size="s" icon="download" onClick={() => keepFrom(contentPath(info.id))}>
            Download all {formatBytes(info.bytes)}
          </Button>
        </p>
      )}
      {tail !== "" && <Code code={tail} language={language} label="end" />}
    </>
  );
}
