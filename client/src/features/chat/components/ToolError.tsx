import { formatDuration } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Link } from "@/shared/ui/Link";
import { useChat } from "../chatContext";
import type { ToolResult } from "../model/view";
import styles from "./ToolCard.module.css";

const hints: Record<string, string> = {
  "invalid-input": "The arguments did not fit. The agent can correct them and try again.",
  denied: "This call was not allowed.",
  timeout: "It took longer than its time limit.",
  "limit-exceeded": "It reached a limit of the sandbox.",
  unauthenticated: "The workspace refused the credential. Check the token, then try again.",
  "permission-denied": "The workspace says that you may not do this.",
  "rate-limited": "The workspace asks to slow down.",
  upstream: "The workspace could not be reached, or failed.",
  trap: "The plugin crashed on this call. Other calls are not affected.",
  "outcome-unknown": "Bricklayer restarted in the middle of this call: check whether it took effect before you repeat it.",
};

export function ToolError({ tool, result }: { tool: string; result: ToolResult }) {
  const { projectId } = useChat();
  const hint = result.denied === null && result.errorKind !== null ? hints[result.errorKind] : undefined;
  return (
    <div className={styles.error} role="alert">
      <div className={styles.errorText}>
        {hint !== undefined && <p>{hint}</p>}
        {result.denied !== null && (
          <p>
            The plugin was not given <code>{result.denied}</code>.
          </p>
        )}
        {/* Most messages end with it already. */}
        {result.remedy !== null && !result.content.includes(result.remedy) && <p className={styles.remedy}>{result.remedy}</p>}
        {result.retryAfterSeconds !== null && <p className={styles.remedy}>It can be tried again after {formatDuration(result.retryAfterSeconds * 1_000)}.</p>}
        {/* Long ones scroll, so they must be reachable by keyboard. */}
        <pre tabIndex={0} aria-label="Error" role="group">
          {result.content}
        </pre>
        {result.denied !== null && <Link href={links.pluginOfTool(projectId, tool)}>Powers of this plugin</Link>}
      </div>
      <CopyButton text={result.content} label="Copy error" />
    </div>
  );
}
