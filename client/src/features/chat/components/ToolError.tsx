import { formatDuration, sentence } from "@/shared/lib/format";
import { CopyButton } from "@/shared/ui/CopyButton";
import { failureMessage, isCommand } from "../model/failure";
import type { ToolResult } from "../model/view";
import { MissingPower } from "./MissingPower";
import { OnCommandLine } from "./OnCommandLine";
import styles from "./ToolError.module.css";

const hints: Record<string, string> = {
  "invalid-input": "The arguments did not fit. The agent can correct them and try again.",
  denied: "This call was not allowed.",
  timeout: "It took longer than its time limit.",
  "not-run": "It was not run.",
  "limit-exceeded": "It reached a limit.",
  unauthenticated: "The workspace refused the credential. Check the token, then try again.",
  "permission-denied": "The workspace says that you may not do this.",
  "rate-limited": "The workspace asks to slow down.",
  upstream: "The workspace could not be reached, or failed.",
  trap: "The plugin crashed on this call. Other calls are not affected.",
  "outcome-unknown": "Bricklayer restarted in the middle of this call: check whether it took effect before you repeat it.",
};

/** Why a call failed, and what a person can do about it. */
export function ToolError({ tool, result }: { tool: string; result: ToolResult }) {
  const { denied, remedy, retryAfterSeconds } = result;
  const hint = denied === null && result.errorKind !== null ? hints[result.errorKind] : undefined;
  const command = remedy !== null && isCommand(remedy) ? remedy : null;
  const message = failureMessage(result);
  return (
    <div className={styles.error} role="alert">
      <div className={styles.errorText}>
        {hint !== undefined && <p>{hint}</p>}
        {denied !== null && <MissingPower tool={tool} power={denied} canBeGiven={remedy === null || command !== null} />}
        {remedy !== null && command === null && <p className={styles.remedy}>{sentence(remedy)}</p>}
        {retryAfterSeconds !== null && <p className={styles.remedy}>It can be tried again after {formatDuration(retryAfterSeconds * 1_000)}.</p>}
        {/* Long ones scroll, so they must be reachable by keyboard. */}
        <pre tabIndex={0} aria-label="Error" role="group">
          {message}
        </pre>
        {command !== null && <OnCommandLine command={command} />}
      </div>
      <CopyButton text={message} label="Copy error" />
    </div>
  );
}
