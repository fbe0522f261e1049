import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { filesQuery } from "@/api/files";
import { messageOf } from "@/api/problem";
import { type BundlePlace, links } from "@/shared/lib/links";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { Icon } from "@/shared/ui/Icon";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Name } from "@/shared/ui/Name";
import { Skeleton } from "@/shared/ui/Skeleton";
import { bundlesOf } from "../model/bundles";
import styles from "./Bundles.module.css";
import { OpenBundle } from "./OpenBundle";

/** One bundle, when its folder is still there. */
export function BundleDetail({ projectId, at }: { projectId: string; at: BundlePlace }) {
  const files = useQuery(filesQuery(projectId));
  const bundles = useMemo(() => (files.data === undefined ? [] : bundlesOf(files.data.files)), [files.data]);
  const bundle = bundles.find(({ folder }) => folder === at.folder);
  if (bundle !== undefined) return <OpenBundle projectId={projectId} bundle={bundle} at={at} />;
  return (
    <section className={styles.section}>
      <ButtonLink href={links.bundles(projectId)} variant="quiet" size="s" icon="arrowLeft">
        All bundles
      </ButtonLink>
      {files.isPending && <Skeleton lines={8} label="Loading the bundle" />}
      {files.isError && <LoadFailure title="The bundle could not be loaded" message={messageOf(files.error)} onRetry={() => void files.refetch()} />}
      {files.data !== undefined && (
        <div className={styles.empty}>
          <Icon name="bundle" size={30} />
          <h1>This bundle is not here</h1>
          <p>
            There is no databricks.yml in <Name text={at.folder === "" ? "the project’s folder" : at.folder} />.
            {files.data.truncated && " The project has more files than are listed; it may be among the others."}
          </p>
        </div>
      )}
    </section>
  );
}
