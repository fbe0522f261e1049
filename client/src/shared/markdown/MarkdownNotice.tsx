import { usePart } from "@/shared/lib/part";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { markdown } from "./Markdown";

/** Says, once for all texts of a place, why they look as they were written. */
export function MarkdownNotice() {
  const { status } = usePart(markdown);
  if (status !== "missing") return null;
  return (
    <Notice
      tone="info"
      title="Text is shown as it was written"
      actions={
        <Button size="s" icon="refresh" onClick={() => location.reload()}>
          Reload
        </Button>
      }
    >
      A part of this page did not load: Bricklayer was probably updated since you opened it, or the connection is gone. What you were writing is kept.
    </Notice>
  );
}
