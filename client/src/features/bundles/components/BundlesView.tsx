import { useQuery } from "@tanstack/react-query";
import { filesQuery } from "@/api/files";
import { messageOf } from "@/api/problem";
import { useArrival } from "@/shared/lib/focus";
import { links } from "@/shared/lib/links";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { Icon } from "@/shared/ui/Icon";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { useDeploys } from "../hooks/useDeploys";
import { bundlesOf } from "../model/bundles";
import { BundleRow } from "./BundleRow";
import styles from "./Bundles.module.css";

/** The bundles of a project, and the way to a new one. */
export function BundlesView({ projectId }: { projectId: string }) {
  const files = useQuery(filesQuery(projectId));
  const { deploys, error, retry } = useDeploys(projectId);
  const heading = useArrival<HTMLHeadingElement>();
  const bundles = files.data === undefined ? [] : bundlesOf(files.data.files);
  const make = (
    <ButtonLink variant="primary" icon="plus" href={links.newBundle(projectId)}>
      Make a bundle
    </ButtonLink>
  );
  return (
    <section className={styles.section} aria-labelledby="bundles-title">
      <header className={styles.header}>
        <div>
          <h1 id="bundles-title" ref={heading} tabIndex={-1}>
            Bundles
          </h1>
          <p>Jobs, pipelines and their code as files that are deployed to a workspace.</p>
        </div>
        {bundles.length > 0 && make}
      </header>
      {files.isPending && <Skeleton lines={6} label="Loading bundles" />}
      {files.isError && (
        <LoadFailure
          title="Bundles could not be loaded"
          message={messageOf(files.error)}
          stale={files.data !== undefined}
          onRetry={() => void files.refetch()}
        />
      )}
      {error !== null && <LoadFailure title="What was deployed could not be loaded" message={messageOf(error)} onRetry={retry} />}
      {files.data !== undefined && bundles.length === 0 && (
        <div className={styles.empty}>
          <Icon name="bundle" size={30} />
          <h2>No bundles here yet</h2>
          <p>Make one of jobs, pipelines and notebooks of the workspace. A folder of the project with a databricks.yml is one as well.</p>
          {make}
        </div>
      )}
      {bundles.length > 0 && (
        <ul className={styles.rows} aria-label="Bundles">
          {bundles.map((bundle) => (
            <BundleRow key={bundle.folder} projectId={projectId} bundle={bundle} deploys={deploys} />
          ))}
        </ul>
      )}
      {files.data?.truncated === true && (
        <Notice tone="info">The project has more files than are listed: bundles among the others are not shown. Ask for them in a conversation.</Notice>
      )}
    </section>
  );
}
