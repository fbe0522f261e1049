import { CopyButton } from "@/shared/ui/CopyButton";
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

export function ToolError({ result }: { result: ToolResult }) {
  const hint = result.errorKind === null ? undefined : hints[result.errorKind];
  return (
    <div className={styles.error} role="alert">
      <div className={styles.errorText}>
        {hint !== undefined && <p>{hint}</p>}
        {/* Long ones scroll, so they must be reachable by keyboard. */}
        <pre tabIndex={0} aria-label="Error" role="group">{result.content}</pre>
      </div>
      <CopyButton text={result.content} label="Copy error" />
    </div>
  );
}
