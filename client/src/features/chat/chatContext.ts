import { createContext, use } from "react";
import type { PermissionMode } from "@/shared/lib/modes";
import type { Session } from "./model/session";
import type { Sessions } from "./model/sessions";

export const SessionsContext = createContext<Sessions | null>(null);

export function useSessions(): Sessions {
  const sessions = use(SessionsContext);
  if (sessions === null) throw new Error("SessionsContext is missing above this component");
  return sessions;
}

/** What every part of one open conversation may need. */
export interface ChatContextValue {
  projectId: string;
  conversationId: string;
  session: Session;
  /** Sends a message in this conversation; resolves when the server has it. */
  send: (message: string) => void;
  /** Sends a message in the place of a turn, which stays as another version with what followed it. */
  sendInsteadOf: (executionId: string, message: string) => void;
  /** The plugin that a tool comes from, by its name; `null` where that is not known. */
  pluginOf: (toolName: string) => string | null;
  /** The user answered with a permission mode: it is that of the next messages as well. */
  onMode: (mode: PermissionMode) => void;
}

export const ChatContext = createContext<ChatContextValue | null>(null);

export function useChat(): ChatContextValue {
  const chat = use(ChatContext);
  if (chat === null) throw new Error("ChatContext is missing above this component");
  return chat;
}

/** The turn that something is part of, by its execution. */
export const ExecutionContext = createContext("");

export function useExecution(): string {
  return use(ExecutionContext);
}
