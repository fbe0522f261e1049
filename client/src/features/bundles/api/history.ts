import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { Resource, ResourceList } from "@/api/types";
import { deployed } from "./types";

/** Lines of the project's list that are looked through; deploys are among all that calls made. */
const MAX_LINES = 200;
/** As many deploys are told with what they came to. */
const MAX_TOLD = 40;

const kinds: ReadonlySet<string> = new Set(["bundle_deployment", "bundle_removal"]);

/** What calls of the project deployed and took away, newest first. */
export const deploysQuery = (projectId: string) =>
  queryOptions({
    queryKey: [...keys.resources(projectId), "bundles"],
    queryFn: async ({ signal }): Promise<Resource[]> => {
      const list = await json<ResourceList>(`/api/projects/${encodeURIComponent(projectId)}/resources?limit=${MAX_LINES}`, { signal });
      return list.resources.filter(({ type }) => kinds.has(type)).slice(0, MAX_TOLD);
    },
  });

/** What one of them came to, as its call said; `null` where that is not kept. It never changes. */
export const deployedQuery = ({ execution_id: execution, tool_id: call }: Resource) =>
  queryOptions({
    queryKey: [...keys.structured(execution ?? "", call ?? ""), "deployed"],
    queryFn: async ({ signal }) => {
      const parsed = v.safeParse(
        deployed,
        await json<unknown>(`/api/executions/${encodeURIComponent(execution ?? "")}/calls/${encodeURIComponent(call ?? "")}/structured`, { signal }),
      );
      return parsed.success ? parsed.output : null;
    },
    staleTime: Infinity,
    retry: false,
    enabled: execution != null && call != null,
  });
