import { CopyButton } from "@/shared/ui/CopyButton";
import styles from "./ToolError.module.css";

/** The same remedy for whoever runs the host. */
export function OnCommandLine({ command }: { command: string }) {
  return (
    <details className={styles.operators}>
      <summary>For operators: on the command line</summary>
      <p>
        <code>{command}</code>
        <CopyButton text={command} label="Copy command" />
      </p>
    </details>
  );
}
