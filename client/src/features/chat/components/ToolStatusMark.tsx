import { Icon, type IconName } from "@/shared/ui/Icon";
import { Spinner } from "@/shared/ui/Spinner";
import type { ToolStatus } from "../model/view";
import styles from "./ToolStatusMark.module.css";

const marks: Record<Exclude<ToolStatus, "running" | "answered">, { icon: IconName; className: string | undefined; label: string }> = {
  planned: { icon: "wrench", className: styles.quietMark, label: "planned" },
  waiting: { icon: "shield", className: styles.warnMark, label: "waiting for you" },
  succeeded: { icon: "check", className: styles.goodMark, label: "done" },
  failed: { icon: "warning", className: styles.badMark, label: "failed" },
  stopped: { icon: "stop", className: styles.quietMark, label: "stopped" },
};

export function ToolStatusMark({ status, declined }: { status: ToolStatus; declined: boolean }) {
  if (status === "running" || status === "answered") {
    return (
      <span className={styles.mark}>
        <Spinner />
        <span className="visually-hidden">running</span>
      </span>
    );
  }
  const { icon, className, label } = declined ? { icon: "close" as const, className: styles.quietMark, label: "declined" } : marks[status];
  return (
    <span className={`${styles.mark ?? ""} ${className ?? ""}`}>
      <Icon name={icon} size={16} />
      <span className="visually-hidden">{label}</span>
    </span>
  );
}
