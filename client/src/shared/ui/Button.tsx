import type { ComponentProps } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

const variants = {
  primary: styles.primary,
  secondary: styles.secondary,
  quiet: styles.quiet,
  danger: styles.danger,
} as const;

export interface ButtonLook {
  variant?: keyof typeof variants | undefined;
  size?: "s" | "m" | undefined;
  icon?: IconName;
}

export function Button({ variant, size = "m", icon, className, children, ...rest }: ComponentProps<"button"> & ButtonLook) {
  // Danger is told by more than its colour.
  const shown = icon ?? (variant === "danger" ? "warning" : undefined);
  return (
    <button type="button" className={buttonClass({ variant, size }, className)} {...rest}>
      {shown !== undefined && <Icon name={shown} size={size === "s" ? 15 : 17} />}
      {children}
    </button>
  );
}

export function buttonClass({ variant = "secondary", size }: ButtonLook, className: string | undefined): string {
  return cx(styles.button, variants[variant], size === "s" && styles.small, className);
}
