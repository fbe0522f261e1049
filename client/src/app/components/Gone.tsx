import type { ReactNode } from "react";
import { useArrival } from "@/shared/lib/focus";
import { links } from "@/shared/lib/links";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { Link } from "@/shared/ui/Link";
import styles from "./Gone.module.css";

interface GoneProps {
  /** "This project does not exist" */
  title: string;
  children: ReactNode;
  /** A way on that is nearer than all projects. */
  onward?: { href: string; label: string };
}

/** In the place of what an address named and is not there: it says so, and leads on. */
export function Gone({ title, children, onward }: GoneProps) {
  const heading = useArrival<HTMLHeadingElement>();
  useDocumentTitle(title);
  return (
    <div className={styles.gone}>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{children}</p>
      <p className={styles.ways}>
        {onward !== undefined && (
          <ButtonLink variant="primary" href={onward.href}>
            {onward.label}
          </ButtonLink>
        )}
        {onward === undefined ? (
          <ButtonLink variant="primary" href={links.projects()}>
            Go to your projects
          </ButtonLink>
        ) : (
          <Link href={links.projects()}>Go to your projects</Link>
        )}
      </p>
    </div>
  );
}
