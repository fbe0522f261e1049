import { useState } from "react";
import { formatMoment, plural } from "@/shared/lib/format";
import { useNarrow } from "@/shared/lib/useNarrow";
import { Button } from "@/shared/ui/Button";
import { Disclosure } from "@/shared/ui/Disclosure";
import { useBundle } from "../bundleContext";
import { BundleTree } from "./BundleTree";
import styles from "./Files.module.css";
import { FileView } from "./FileView";

/** The bundle's files, one of them open, with what changed since this window first showed them. */
export function FilesTab({ path, line }: { path: string | null; line: number | null }) {
  const { bundle, seen } = useBundle();
  const [now] = useState(() => Date.now());
  const open = path ?? bundle.root;
  const narrow = useNarrow();
  const { was, changes } = seen;
  return (
    <div className={styles.files}>
      <div className={styles.side}>
        {narrow ? (
          // Closed again once a file is chosen: that is what one wants to see.
          <Disclosure key={open} summary={`All files (${bundle.files.length})`}>
            <BundleTree open={open} />
          </Disclosure>
        ) : (
          <BundleTree open={open} />
        )}
        {was !== null && (
          <div className={styles.since} role="status">
            <p>
              {changes.size === 0 ? "Nothing changed" : `${plural(changes.size, "file")} changed`} since {formatMoment(was.at, now)}, when this window first
              showed the bundle. Older versions are not kept.
            </p>
            {changes.size > 0 && (
              <Button size="s" onClick={seen.startAnew}>
                Compare from now on
              </Button>
            )}
          </div>
        )}
      </div>
      <FileView key={open} path={open} line={line} />
    </div>
  );
}
