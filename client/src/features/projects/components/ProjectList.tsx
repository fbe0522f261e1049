import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/problem";
import type { Project } from "@/api/types";
import { leftOpen } from "@/shared/lib/dialogText";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { Button } from "@/shared/ui/Button";
import { NameDialog } from "@/shared/ui/NameDialog";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { ShowOlder } from "@/shared/ui/ShowOlder";
import { Skeleton } from "@/shared/ui/Skeleton";
import { useCreateProject } from "../api/mutations";
import { projectsQuery } from "../api/projects";
import { matching } from "../model/search";
import { DeleteProject } from "./DeleteProject";
import { ProjectCard } from "./ProjectCard";
import styles from "./ProjectList.module.css";
import { RenameProject } from "./RenameProject";

/** Fewer are seen at a glance. */
const SEARCHED_FROM = 6;

type Open = { dialog: "create" } | { dialog: "rename"; id: string } | { dialog: "delete"; project: Project } | null;

/** A dialog that was being written in when the page was left. */
function openedAgain(): Open {
  if (leftOpen("new-project") !== null) return { dialog: "create" };
  const id = leftOpen("rename-project");
  return id === null ? null : { dialog: "rename", id };
}

export function ProjectList() {
  const projects = useInfiniteQuery(projectsQuery());
  const create = useCreateProject();
  const [open, setOpen] = useState<Open>(openedAgain);
  const [words, setWords] = useState("");
  const found = matching(projects.data ?? [], words);
  const renamed = open?.dialog === "rename" ? projects.data?.find((project) => project.id === open.id) : undefined;
  const startCreating = (): void => {
    create.reset();
    setOpen({ dialog: "create" });
  };
  return (
    <section className={styles.section} aria-labelledby="projects-title">
      <header className={styles.header}>
        <div>
          <h1 id="projects-title">Projects</h1>
          <p>A project keeps conversations and files together.</p>
        </div>
        {projects.data !== undefined && projects.data.length > 0 && (
          <Button variant="primary" icon="plus" onClick={startCreating}>
            New project
          </Button>
        )}
      </header>
      {projects.isPending && <Skeleton lines={5} label="Loading projects" />}
      {projects.isError && (
        <LoadFailure
          title="Projects could not be loaded"
          message={messageOf(projects.error)}
          stale={projects.data !== undefined}
          onRetry={() => void projects.refetch()}
        />
      )}
      {projects.data?.length === 0 && (
        <div className={styles.empty}>
          <div className={styles.wall} aria-hidden="true">
            {Array.from({ length: 9 }, (_, brick) => (
              <i key={brick} />
            ))}
          </div>
          <h2>Lay the first brick</h2>
          <p>Create a project, then ask about your data in it.</p>
          <Button variant="primary" icon="plus" onClick={startCreating}>
            New project
          </Button>
        </div>
      )}
      {projects.data !== undefined && projects.data.length > 0 && (
        <>
          {projects.data.length > SEARCHED_FROM && (
            <input
              type="search"
              className={styles.search}
              aria-label="Search projects"
              placeholder="Search projects"
              value={words}
              onChange={(event) => setWords(event.target.value)}
            />
          )}
          {found.length === 0 && <p className={styles.none}>No project matches.</p>}
          <ul className={styles.grid}>
            {found.map((project) => (
              <ProjectCard
                key={project.id}
                project={project}
                onRename={() => setOpen({ dialog: "rename", id: project.id })}
                onDelete={() => setOpen({ dialog: "delete", project })}
              />
            ))}
          </ul>
          {projects.hasNextPage && (
            <div className={styles.more}>
              <ShowOlder list={projects} />
            </div>
          )}
        </>
      )}
      {open?.dialog === "create" && (
        <NameDialog
          place={{ dialog: "new-project", of: "" }}
          title="New project"
          label="Name"
          initial=""
          placeholder="Taxi demand"
          action="Create project"
          pending={create.isPending}
          error={create.isError ? messageOf(create.error) : null}
          onSubmit={(name) => create.mutate(name, { onSuccess: (project) => navigate(links.project(project.id)) })}
          onClose={() => setOpen(null)}
        />
      )}
      {renamed !== undefined && <RenameProject project={renamed} onClose={() => setOpen(null)} />}
      {open?.dialog === "delete" && <DeleteProject project={open.project} onClose={() => setOpen(null)} />}
    </section>
  );
}
