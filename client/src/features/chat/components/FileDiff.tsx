import { use } from "react";
import { FileLinks } from "@/shared/markdown/fileLinks";
import { Icon } from "@/shared/ui/Icon";
import { LineDiff } from "@/shared/ui/LineDiff";
import type { FileChange } from "../model/patch";
import styles from "./FileDiff.module.css";

/** What changed in a file, line by line, with the way to the file. */
export function FileDiff({ change }: { change: FileChange }) {
  return <LineDiff label={`Changes in ${change.path}`} caption={change.path} tools={<OpenFile path={change.path} />} hunks={change.hunks} />;
}

function OpenFile({ path }: { path: string }) {
  const fileLinks = use(FileLinks);
  if (fileLinks === null) return null;
  return (
    <a className={styles.open} href={fileLinks.href(path)} onClick={(event) => fileLinks.open(event, path)}>
      <Icon name="file" size={15} /> Open file
    </a>
  );
}
