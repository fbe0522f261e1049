import { messageOf } from "@/api/problem";
import { plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { useBegin } from "../api/begin";
import { commands } from "../api/tools";
import { placeIn, useBundle } from "../bundleContext";
import { insidePath } from "../model/bundles";
import { FindingWords } from "./FindingWords";
import styles from "./Findings.module.css";

/** All that was found, the gravest first, each with the way to its line. */
export function FindingsTab() {
  const opened = useBundle();
  const { projectId, bundle, validation, checkError, which } = opened;
  const begin = useBegin(projectId);
  if (validation === null && checkError !== null) return <p className={styles.place}>Not known, for the reason above.</p>;
  if (validation === null) return <Skeleton lines={6} label="Checking the bundle" />;
  const { findings } = validation;
  const sure = findings.filter(({ repair }) => repair !== null).length;
  if (findings.length === 0) {
    return (
      <div className={styles.none}>
        <Icon name="check" size={28} />
        <p>Nothing was found. The bundle says what it does.</p>
      </div>
    );
  }
  return (
    <>
      {sure > 0 && (
        <Notice
          tone="info"
          actions={
            <Button size="s" icon="wrench" disabled={begin.isPending} onClick={() => begin.mutate(commands.mend(which))}>
              Mend {plural(sure, "word")}
            </Button>
          }
        >
          It is certain what is meant by {plural(sure, "misspelt word")}. A conversation opens and shows the lines that it changes.
        </Notice>
      )}
      {begin.isError && <Notice tone="bad">{messageOf(begin.error)}</Notice>}
      <ul className={styles.list} aria-label="Findings">
        {findings.map((finding, at) => (
          <li key={at} className={styles.row}>
            <FindingWords finding={finding} />
            <p className={styles.place}>
              {finding.file === null ? (
                <span>The bundle as a whole</span>
              ) : (
                <Link href={placeIn(opened, { tab: "files", file: finding.file, line: finding.line })}>
                  <Name text={insidePath(bundle.folder, finding.file)} />
                  {finding.line !== null && `, line ${finding.line}`}
                </Link>
              )}
              {finding.path !== "" && (
                <code>
                  <Name text={finding.path} />
                </code>
              )}
              <code className={styles.rule}>{finding.rule}</code>
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}
