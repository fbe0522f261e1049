import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { formatBytes } from "@/shared/lib/format";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { structuredQuery } from "../api/structured";
import { useExecution } from "../chatContext";
import type { ToolResult } from "../model/view";
import { ToolOutput } from "./ToolOutput";

/** A result that is fetched when somebody looks at it. */
export function LargeOutput({ callId, result, kind, of }: { callId: string; result: ToolResult; kind: string | null; of: string }) {
  const structured = useQuery(structuredQuery(useExecution(), callId));
  if (structured.isPending) return <Skeleton lines={4} label={`Loading the result, ${formatBytes(result.structuredBytes ?? 0)}`} />;
  if (structured.isError) {
    return <LoadFailure title="The result could not be loaded" message={messageOf(structured.error)} stale={false} onRetry={() => void structured.refetch()} />;
  }
  return <ToolOutput result={{ ...result, structured: structured.data }} kind={kind} of={of} />;
}
