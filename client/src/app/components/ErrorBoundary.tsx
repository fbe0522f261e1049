import { Component, type ReactNode } from "react";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import styles from "./ErrorBoundary.module.css";

/** The page's last line of defence: a fault in drawing says so instead of leaving a blank page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <main className={styles.page}>
        <Notice
          tone="bad"
          title="This page stopped working"
          actions={
            <Button size="s" icon="refresh" onClick={() => location.reload()}>
              Reload
            </Button>
          }
        >
          Nothing is lost: conversations live on the server and running turns go on. {error.message}
        </Notice>
      </main>
    );
  }
}
