import { useInfiniteQuery } from "@tanstack/react-query";
import { projectsQuery } from "@/features/projects/api/projects";
import { navigate } from "@/shared/lib/navigation";
import { plainName } from "@/shared/lib/plainSight";
import { ShowOlder } from "@/shared/ui/ShowOlder";
import styles from "./ProjectChoice.module.css";

interface ProjectChoiceProps {
  projectId: string | null;
  /** The same page, seen from another project or from none. */
  hrefOf: (projectId: string | null) => string;
}

/** For which project a page speaks: for all of them, or for one. */
export function ProjectChoice({ projectId, hrefOf }: ProjectChoiceProps) {
  const projects = useInfiniteQuery(projectsQuery());
  const known = projectId === null || (projects.data?.some((project) => project.id === projectId) ?? false);
  return (
    <div className={styles.choices}>
      <label className={styles.choice}>
        <span>For</span>
        <select value={projectId ?? ""} onChange={(event) => navigate(hrefOf(event.target.value === "" ? null : event.target.value))}>
          <option value="">Every project</option>
          {!known && <option value={projectId}>This project</option>}
          {projects.data?.map((project) => (
            <option key={project.id} value={project.id}>
              {plainName(project.name)}
            </option>
          ))}
        </select>
      </label>
      <ShowOlder list={projects} />
    </div>
  );
}
