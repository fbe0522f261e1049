import type { ReactNode } from "react";
import { cx } from "../lib/cx";
import { useRoute } from "../lib/navigation";
import type { Route } from "../lib/links";
import { Link } from "./Link";
import styles from "./NavLink.module.css";

/** The way to one of the application's pages, marked while that is the one shown. */
export function NavLink({ page, href, className, children }: { page: Route["page"]; href: string; className?: string | undefined; children: ReactNode }) {
  const here = useRoute().page === page;
  return (
    <Link href={href} className={cx(styles.link, className)} aria-current={here ? "page" : undefined}>
      {children}
    </Link>
  );
}
