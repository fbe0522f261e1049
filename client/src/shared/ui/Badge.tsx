import type { ReactNode } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Badge.module.css";
import { Icon, type IconName } from "./Icon";

const tones = { neutral: undefined, good: styles.good, warn: styles.warn, bad: styles.bad, brick: styles.brick } as const;

export type Tone = keyof typeof tones;

interface BadgeProps {
  tone?: Tone;
  icon?: IconName;
  /** More, for whoever points at it; nothing that is said nowhere else. */
  title?: string | undefined;
  children: ReactNode;
}

/** One word about a thing. The word carries the meaning; the colour only helps to find it. */
export function Badge({ tone = "neutral", icon, title, children }: BadgeProps) {
  return (
    <span className={cx(styles.badge, tones[tone])} title={title}>
      {icon !== undefined && <Icon name={icon} size={13} />}
      {children}
    </span>
  );
}
