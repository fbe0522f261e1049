/** Parts of a conversation, and what they stand in. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ChatContext, type ChatContextValue, ExecutionContext } from "../chatContext";
import { Session } from "../model/session";
import type { ToolItem, ToolResult } from "../model/view";

export const tool: ToolItem = {
  kind: "tool",
  key: "a",
  id: "a",
  step: 0,
  order: 0,
  name: "mcp__databricks__execute_sql",
  input: { statement: "DROP TABLE main.sales.orders", warehouse_id: "w1" },
  title: "Run SQL",
  detail: "DROP TABLE main.sales.orders",
  resultKind: "table",
  status: "succeeded",
  approval: null,
  why: null,
  startedAt: null,
  progress: null,
  result: null,
  subagent: null,
};

export const result: ToolResult = {
  content: "",
  isError: false,
  errorKind: null,
  denied: null,
  remedy: null,
  retryAfterSeconds: null,
  structured: null,
  structuredBytes: null,
  durationMs: 5,
  results: [],
  made: [],
  operations: [],
};

export function inChat(children: ReactNode): ReactNode {
  const session = new Session({
    load: () => Promise.resolve({ events: [], last_seq: 0, active_execution: null }),
    onActivity: () => undefined,
    read: () => new Promise(() => undefined),
  });
  session.started("turn-1", "Drop it");
  const chat: ChatContextValue = {
    projectId: "p",
    conversationId: "c",
    session,
    send: () => undefined,
    sendInsteadOf: () => undefined,
    pluginOf: () => "weather",
    onMode: () => undefined,
  };
  return (
    <QueryClientProvider client={new QueryClient()}>
      <ChatContext value={chat}>
        <ExecutionContext value="turn-1">{children}</ExecutionContext>
      </ChatContext>
    </QueryClientProvider>
  );
}
