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

interface ButtonProps extends ComponentProps<"button"> {
  variant?: keyof typeof variants;
  size?: "s" | "m";
  icon?: IconName;
}

export function Button({ variant = "secondary", size = "m", icon, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={cx(styles.button, variants[variant], size === "s" && styles.small, className)} {...rest}>
      {icon !== undefined && <Icon name={icon} size={size === "s" ? 15 : 17} />}
      {children}
    </button>
  );
}
