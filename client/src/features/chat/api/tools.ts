import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { ToolInfo } from "@/api/types";

export const toolsQuery = () =>
  queryOptions({
    queryKey: keys.tools,
    queryFn: ({ signal }) => json<ToolInfo[]>("/api/tools", { signal }),
    staleTime: 300_000,
  });
