import type { ComponentProps } from "react";
import { type ButtonLook, buttonClass } from "./Button";
import { Icon } from "./Icon";
import { Link } from "./Link";

/** A link that is the thing to do next; it looks like a button and stays a link, for a new tab as well. */
export function ButtonLink({ variant, size = "m", icon, className, children, ...rest }: ComponentProps<typeof Link> & ButtonLook) {
  return (
    <Link className={buttonClass({ variant, size }, className)} {...rest}>
      {icon !== undefined && <Icon name={icon} size={size === "s" ? 15 : 17} />}
      {children}
    </Link>
  );
}
