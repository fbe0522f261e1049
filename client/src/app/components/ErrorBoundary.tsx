import { Component, type ReactNode } from "react";
import { ReloadNotice } from "./ReloadNotice";

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
      <ReloadNotice title="This page stopped working">Nothing is lost: conversations live on the server and running turns go on. {error.message}</ReloadNotice>
    );
  }
}
