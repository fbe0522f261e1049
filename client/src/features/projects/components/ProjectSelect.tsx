import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { links } from "@/shared/lib/links";
import { plainName } from "@/shared/lib/plainSight";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { Popover } from "@/shared/ui/Popover";
import { ShowOlder } from "@/shared/ui/ShowOlder";
import { projectQuery, projectsQuery } from "../api/projects";
import { matching } from "../model/search";
import styles from "./ProjectSelect.module.css";

/** Goes to another project: opened, searched, and left without going anywhere. */
export function ProjectSelect({ projectId }: { projectId: string }) {
  const projects = useInfiniteQuery(projectsQuery());
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const among = projects.data?.find((project) => project.id === projectId);
  const alone = useQuery({ ...projectQuery(projectId), enabled: among === undefined && projects.hasNextPage });
  const current = among ?? alone.data;
  const name = current?.name ?? (projects.isPending ? "…" : "This project");
  const found = matching(projects.data ?? [], words);
  const close = (): void => setOpen(false);
  return (
    <Popover
      label="Projects"
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        setWords("");
      }}
      trigger={
        <button type="button" className={styles.select} aria-label={`Project: ${plainName(name)}`}>
          <span>
            <Name text={name} />
          </span>
          <Icon name="chevronDown" size={15} />
        </button>
      }
    >
      <input
        type="search"
        className={styles.search}
        aria-label="Search projects"
        placeholder="Search projects"
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <ul className={styles.list}>
        {found.map((project) => (
          <li key={project.id}>
            <Link href={links.project(project.id)} aria-current={project.id === projectId ? "page" : undefined} onClick={close}>
              <Name text={project.name} />
            </Link>
          </li>
        ))}
        {projects.hasNextPage && (
          <li className={styles.more}>
            <ShowOlder list={projects} />
          </li>
        )}
      </ul>
      {found.length === 0 && <p className={styles.none}>No project matches.</p>}
      <Link href={links.projects()} className={styles.all} onClick={close}>
        All projects
      </Link>
    </Popover>
  );
}
