import type { ComponentProps } from "react";
import { cx } from "@/shared/lib/cx";
import { plainName } from "@/shared/lib/plainSight";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

interface IconButtonProps extends ComponentProps<"button"> {
  icon: IconName;
  /** What it does; read aloud and shown on hover. */
  label: string;
  size?: "s" | "m";
}

export function IconButton({ icon, label, size = "m", className, ...rest }: IconButtonProps) {
  const shown = plainName(label);
  return (
    <button
      type="button"
      aria-label={shown}
      title={shown}
      className={cx(styles.button, styles.quiet, styles.iconOnly, size === "s" && styles.small, className)}
      {...rest}
    >
      <Icon name={icon} size={size === "s" ? 15 : 18} />
    </button>
  );
}
