import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { ReloadNotice } from "./ReloadNotice";

export function PageMissing() {
  useDocumentTitle("Not loaded");
  return (
    <ReloadNotice title="This page did not load">
      Bricklayer was probably updated since you opened it, or the connection is gone. Nothing is lost, and what you were writing is kept.
    </ReloadNotice>
  );
}
