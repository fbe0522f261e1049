import { Icon, type IconName } from "@/shared/ui/Icon";
import { Spinner } from "@/shared/ui/Spinner";
import { type Outcome, outcomeWords } from "../model/outcome";
import styles from "./ToolStatusMark.module.css";

/** The word carries the meaning; sign and colour only help to find it. */
const marks: Record<Exclude<Outcome, "running">, { icon: IconName; className: string | undefined }> = {
  planned: { icon: "wrench", className: styles.quiet },
  waiting: { icon: "shield", className: styles.brick },
  done: { icon: "check", className: styles.good },
  partly: { icon: "warning", className: styles.warn },
  failed: { icon: "warning", className: styles.bad },
  stopped: { icon: "stop", className: styles.quiet },
  declined: { icon: "close", className: styles.quiet },
  refused: { icon: "close", className: styles.quiet },
};

export function ToolStatusMark({ outcome }: { outcome: Outcome }) {
  if (outcome === "running") {
    return (
      <span className={styles.mark}>
        <Spinner />
        <span className="visually-hidden">{outcomeWords.running}</span>
      </span>
    );
  }
  const { icon, className } = marks[outcome];
  return (
    <span className={`${styles.mark ?? ""} ${className ?? ""}`} data-outcome={outcome}>
      <Icon name={icon} size={16} />
      <span className="visually-hidden">{outcomeWords[outcome]}</span>
    </span>
  );
}
