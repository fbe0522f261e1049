import { useMutation } from "@tanstack/react-query";
import { json } from "@/api/http";
import { messageOf } from "@/api/problem";
import { toast } from "@/shared/ui/toast";
import type { Session } from "../model/session";

/** Asks the server to stop the running turn; the page says so at once. */
export function useStop(session: Session | null) {
  const mutation = useMutation({
    mutationFn: (executionId: string) => json(`/api/stop_stream/${encodeURIComponent(executionId)}`, { method: "POST" }),
    onError: (error) => {
      session?.stopFailed();
      toast(`Could not stop: ${messageOf(error)}`);
    },
  });
  return (): void => {
    const executionId = session?.store.get().executionId ?? null;
    if (session === null || executionId === null || session.store.get().stopping === executionId) return;
    session.stopRequested(executionId);
    mutation.mutate(executionId);
  };
}
