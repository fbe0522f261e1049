import { type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { folderQuery, jobsQuery, pipelinesQuery } from "../api/queries";
import { type Entry, type Group, type Inside, type Pick, type PickRow, entryOf, pickRows } from "../model/picker";
import { failureWords } from "../model/words";
import { useSettled } from "./useSettled";

/** Names are looked for at the workspace, so not with every letter. */
const SETTLED_AFTER_MS = 300;

interface PickChoice {
  filter: string;
  open: ReadonlySet<string>;
  /** Folders whose inside is wanted. */
  folders: ReadonlySet<string>;
  picks: readonly Pick[];
}

/** The rows of the tree, with what the workspace has; folders are asked for once they are open. */
export function usePickRows(projectId: string, { filter, open, folders, picks }: PickChoice): { rows: PickRow[]; retry: () => void } {
  const name = useSettled(filter.trim(), SETTLED_AFTER_MS);
  const jobs = useQuery(jobsQuery(projectId, name));
  const pipelines = useQuery(pipelinesQuery(projectId, name));
  const wanted = ["/", ...folders];
  const listings = useQueries({ queries: wanted.map((folder) => folderQuery(projectId, folder)) });
  const insideOf = (folder: string): Inside => {
    const listing = listings[wanted.indexOf(folder)];
    return listing === undefined ? { state: "loading" } : insideWith(listing, ({ objects, more }) => ({ entries: objects.map(entryOf), more }));
  };
  const groups: Group[] = [
    {
      key: "jobs",
      name: "Jobs",
      inside: insideWith(jobs, ({ jobs: list, complete }) => ({ entries: list.map(jobEntry), more: !complete })),
    },
    {
      key: "pipelines",
      name: "Pipelines",
      inside: insideWith(pipelines, ({ pipelines: list, complete }) => ({ entries: list.map(pipelineEntry), more: !complete })),
    },
    { key: "workspace", name: "Folders and notebooks", inside: insideOf("/") },
  ];
  const retry = (): void => {
    for (const query of [jobs, pipelines, ...listings]) if (query.isError) query.refetch().catch(() => undefined);
  };
  return { rows: pickRows(groups, { open, picks, filter: filter.trim().toLowerCase(), insideOf }), retry };
}

const jobEntry = ({ job_id, name, schedule }: { job_id: number; name: string; schedule: string | null }): Entry => ({
  name,
  meta: schedule ?? String(job_id),
  pick: { kind: "jobs", id: String(job_id), name },
  folder: null,
});

const pipelineEntry = ({ pipeline_id, name, creator }: { pipeline_id: string; name: string; creator: string | null }): Entry => ({
  name,
  meta: creator ?? "",
  pick: { kind: "pipelines", id: pipeline_id, name },
  folder: null,
});

function insideWith<T>(query: UseQueryResult<T>, read: (data: T) => { entries: Entry[]; more: boolean }): Inside {
  if (query.data !== undefined) return { state: "here", ...read(query.data) };
  if (!query.isError) return { state: "loading" };
  const { title } = failureWords(query.error);
  return { state: "failed", message: title === null ? messageOf(query.error) : `${title}: ${messageOf(query.error)}` };
}
