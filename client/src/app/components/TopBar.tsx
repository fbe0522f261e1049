import type { ReactNode } from "react";
import { ModelBadge } from "@/features/workspace/components/ModelBadge";
import { links } from "@/shared/lib/links";
import { IconButton } from "@/shared/ui/IconButton";
import { Link } from "@/shared/ui/Link";
import { Logo } from "@/shared/ui/Logo";
import { ThemeToggle } from "./ThemeToggle";
import styles from "./TopBar.module.css";

/** Above every page that belongs to no project. `children`: ways from here to elsewhere. */
export function TopBar({ onHelp, children }: { onHelp: () => void; children?: ReactNode }) {
  return (
    <header className={styles.bar}>
      <Link href={links.projects()} className={styles.brand} aria-label="Bricklayer, all projects">
        <Logo />
        Bricklayer
      </Link>
      <span className={styles.tools}>
        {children}
        <ModelBadge />
        <ThemeToggle />
        <IconButton className={styles.help} icon="help" label="Keyboard shortcuts" onClick={onHelp} />
      </span>
    </header>
  );
}
