import type { ReactNode } from "react";
import { cx } from "@/shared/lib/cx";
import { Icon, type IconName } from "./Icon";
import styles from "./Notice.module.css";

const tones = {
  bad: { className: styles.bad, icon: "warning" },
  warn: { className: styles.warn, icon: "warning" },
  info: { className: styles.info, icon: "info" },
} as const satisfies Record<string, { className: string | undefined; icon: IconName }>;

interface NoticeProps {
  tone: keyof typeof tones;
  title?: string;
  children: ReactNode;
  /** What the reader can do about it. */
  actions?: ReactNode;
}

export function Notice({ tone, title, children, actions }: NoticeProps) {
  return (
    <div className={cx(styles.notice, tones[tone].className)} role={tone === "bad" ? "alert" : "status"}>
      <span className={styles.icon}>
        <Icon name={tones[tone].icon} />
      </span>
      <div className={styles.content}>
        {title !== undefined && <strong>{title}</strong>}
        <div>{children}</div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
    </div>
  );
}
