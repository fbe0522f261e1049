import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "@/api/problem";
import { conversationsQuery } from "@/features/conversations/api/conversations";
import { Gone } from "./Gone";

/** The answers to an address that names no project of this person: unknown, or no id at all. */
const NO_PROJECT: ReadonlySet<number> = new Set([400, 404, 422]);

/** Shows what is in a project unless there is no such project: then nothing of it invites. */
export function ProjectGate({ projectId, children }: { projectId: string; children: ReactNode }) {
  const { error } = useInfiniteQuery(conversationsQuery(projectId));
  if (!(error instanceof Problem && NO_PROJECT.has(error.status))) return children;
  return (
    <main>
      <Gone title="This project does not exist">It may have been deleted, or it is somebody else’s. What was deleted cannot be brought back.</Gone>
    </main>
  );
}
