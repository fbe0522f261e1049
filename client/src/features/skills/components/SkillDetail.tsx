import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { useArrival } from "@/shared/lib/focus";
import { links } from "@/shared/lib/links";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Name } from "@/shared/ui/Name";
import { Skeleton } from "@/shared/ui/Skeleton";
import { skillFileQuery, skillTreeQuery } from "../api/skills";
import { SkillFileView } from "./SkillFileView";
import styles from "./Skills.module.css";
import { SkillTree } from "./SkillTree";

/** A skill's files, one of them open. */
export function SkillDetail({ projectId, path }: { projectId: string; path: string }) {
  const tree = useQuery(skillTreeQuery(projectId));
  const file = useQuery(skillFileQuery(projectId, path));
  const heading = useArrival<HTMLHeadingElement>();
  const name = path.split("/")[0] ?? path;
  const skill = tree.data?.tree.find((node) => node.name === name);
  return (
    <section className={styles.section} aria-labelledby="skill-title">
      <header className={styles.header}>
        <div>
          <ButtonLink href={links.skills(projectId)} variant="quiet" size="s" icon="arrowLeft">
            All skills
          </ButtonLink>
          <h1 id="skill-title" ref={heading} tabIndex={-1}>
            <Name text={name} />
          </h1>
        </div>
      </header>
      <div className={styles.detail}>
        <nav aria-label="Files of the skill" className={styles.tree}>
          {tree.isPending && <Skeleton lines={4} label="Loading files" />}
          {tree.isError && (
            <LoadFailure
              title="The files could not be listed"
              message={messageOf(tree.error)}
              stale={tree.data !== undefined}
              onRetry={() => void tree.refetch()}
            />
          )}
          {skill !== undefined && <SkillTree projectId={projectId} nodes={skill.children ?? []} open={path} />}
        </nav>
        <div className={styles.file}>
          {file.isPending && <Skeleton lines={10} label="Loading the file" />}
          {file.isError && (
            <LoadFailure
              title="The file could not be opened"
              message={messageOf(file.error)}
              stale={file.data !== undefined}
              onRetry={() => void file.refetch()}
            />
          )}
          {file.data !== undefined && <SkillFileView key={path} projectId={projectId} file={file.data} />}
        </div>
      </div>
    </section>
  );
}
