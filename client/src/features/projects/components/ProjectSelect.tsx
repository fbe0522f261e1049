import { useQuery } from "@tanstack/react-query";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { projectsQuery } from "../api/projects";
import styles from "./ProjectSelect.module.css";

/** Goes to another project. */
export function ProjectSelect({ projectId }: { projectId: string }) {
  const projects = useQuery(projectsQuery());
  const known = projects.data?.some((project) => project.id === projectId) ?? false;
  return (
    <select
      className={styles.select}
      aria-label="Project"
      value={projectId}
      onChange={(event) => navigate(event.target.value === "" ? links.projects() : links.project(event.target.value))}
    >
      {!known && <option value={projectId}>{projects.isPending ? "…" : "This project"}</option>}
      {projects.data?.map((project) => (
        <option key={project.id} value={project.id}>
          {project.name}
        </option>
      ))}
      <option value="">All projects…</option>
    </select>
  );
}
