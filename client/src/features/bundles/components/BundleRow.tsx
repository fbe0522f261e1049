import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { formatAgo, plural } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { plainName } from "@/shared/lib/plainSight";
import { Badge } from "@/shared/ui/Badge";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { textQuery } from "../api/texts";
import type { Bundle } from "../model/bundles";
import { readConfig } from "../model/config";
import { type Deploy, deploysOf, latestByTarget } from "../model/history";
import styles from "./Bundles.module.css";

/** One bundle: its folder, its files, and where it was deployed from here. */
export function BundleRow({ projectId, bundle, deploys }: { projectId: string; bundle: Bundle; deploys: readonly Deploy[] }) {
  const { folder, name, files, modified, root } = bundle;
  const file = files.find(({ path }) => path === root) ?? { path: root, modified, size: 0 };
  const { data } = useQuery(textQuery(projectId, file));
  const known = useMemo(() => (data?.kind === "text" ? readConfig(new Map([[root, data.text]]), root).name : null), [data, root]);
  return (
    <li className={styles.row}>
      <Link href={links.bundle(projectId, folder)} className={styles.rowLink}>
        <span className={styles.line}>
          <span className={styles.name}>
            <Name text={known ?? (folder === "" ? "This project’s folder" : name)} />
          </span>
          {latestByTarget(deploysOf(deploys, known ?? name)).map(({ target, deploy }) => (
            <Badge key={target} tone={deploy.isRemoval ? "neutral" : deploy.result?.ok === true ? "good" : "bad"}>
              {plainName(target)}: {deploy.isRemoval ? "taken away" : deploy.result?.ok === true ? "deployed" : "deployed in part"}
            </Badge>
          ))}
        </span>
        <span className={styles.meta}>
          {folder !== "" && (
            <>
              <Name text={`${folder}/`} /> ·{" "}
            </>
          )}
          {plural(files.length, "file")} · changed {formatAgo(modified, Date.now())}
        </span>
      </Link>
    </li>
  );
}
