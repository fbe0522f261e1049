import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "@/api/problem";
import { SessionsContext } from "@/features/chat/chatContext";
import { Sessions } from "@/features/chat/model/sessions";
import { Toasts } from "@/shared/ui/Toasts";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { SessionBanner } from "./components/SessionBanner";
import { Pages } from "./pages/Pages";

/** Only failures that may pass are tried again by themselves. */
const MAX_RETRIES = 2;

function makeServices() {
  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => count < MAX_RETRIES && (!(error instanceof Problem) || error.status === 0 || error.status >= 500),
        retryDelay: (attempt) => Math.min(3_000, 400 * 2 ** attempt),
      },
    },
  });
  return { queryClient, sessions: new Sessions(queryClient) };
}

export function App() {
  const [{ queryClient, sessions }] = useState(makeServices);
  return (
    <ErrorBoundary>
      <QueryClientProvider client={queryClient}>
        <SessionsContext value={sessions}>
          <Pages />
          <SessionBanner />
          <Toasts />
        </SessionsContext>
      </QueryClientProvider>
    </ErrorBoundary>
  );
}
