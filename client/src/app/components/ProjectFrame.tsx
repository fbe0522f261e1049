import { type ReactNode, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { recall, remember } from "@/shared/lib/storage";
import { useNarrow } from "@/shared/lib/useNarrow";
import { useAttention } from "../hooks/useAttention";
import { useProjectChanges } from "../hooks/useProjectChanges";
import { useShortcuts } from "../hooks/useShortcuts";
import styles from "./ProjectFrame.module.css";
import { Sidebar } from "./Sidebar";

interface SidebarState {
  /** It stands beside the page, and not over it. */
  beside: boolean;
  toggle: () => void;
}

interface ProjectFrameProps {
  projectId: string;
  conversationId: string | null;
  onHelp: () => void;
  onDeleted: (conversationId: string) => void;
  /** Stands at the right, over the page where there is no room. */
  aside?: ReactNode;
  /** What stands at the right needs as much room as the page. */
  wide?: boolean;
  /** What stands at the right covers the window. */
  covered?: boolean;
  children: (sidebar: SidebarState) => ReactNode;
}

/** A project's sidebar around whatever is looked at in the project. */
export function ProjectFrame({ projectId, conversationId, onHelp, onDeleted, aside, wide: isWide = false, covered = false, children }: ProjectFrameProps) {
  useAttention(useProjectChanges(projectId));
  const narrow = useNarrow();
  const [wide, setWide] = useState(() => recall("local", "sidebar") !== "hidden");
  const [drawer, setDrawer] = useState(false);
  const shown = narrow ? drawer : wide;
  const toggle = (): void => {
    if (narrow) return setDrawer(!drawer);
    remember("local", "sidebar", wide ? "hidden" : null);
    setWide(!wide);
  };
  useShortcuts({
    sidebar: toggle,
    search: () => {
      if (!shown) toggle();
      // The sidebar may only appear with the next frame.
      requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-search]")?.focus());
    },
  });
  return (
    <div className={cx(styles.page, aside !== undefined && styles.withAside, isWide && styles.withWide, shown && !narrow && styles.withSidebar)}>
      {shown && (
        <div
          className={cx(styles.sidebar, narrow && styles.drawer)}
          // A choice in the drawer closes it: what was chosen is what one wants to see.
          onClick={(event) => {
            if (narrow && event.target instanceof Element && event.target.closest("a") !== null) setDrawer(false);
          }}
          onKeyDown={(event) => {
            if (narrow && event.key === "Escape") setDrawer(false);
          }}
          role="presentation"
          inert={covered}
        >
          <Sidebar projectId={projectId} conversationId={conversationId} onHelp={onHelp} onHide={toggle} onDeleted={onDeleted} />
        </div>
      )}
      {narrow && drawer && <button type="button" className={styles.backdrop} aria-label="Close sidebar" onClick={() => setDrawer(false)} />}
      <main className={styles.main} inert={covered || (narrow && (drawer || aside !== undefined))}>
        {children({ beside: shown && !narrow, toggle })}
      </main>
      {aside !== undefined && <div className={styles.aside}>{aside}</div>}
    </div>
  );
}
