import { Problem, messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";

/** Why a message was not taken. It is still in the composer. */
export function SendFailure({ error, onRetry, canRetry }: { error: Error; onRetry: () => void; canRetry: boolean }) {
  const busy = error instanceof Problem && error.code === "turn-in-progress";
  return (
    <Notice
      tone={busy ? "warn" : "bad"}
      title={busy ? "A turn is still running here" : "Your message was not sent"}
      actions={
        canRetry && (
          <Button size="s" icon="refresh" onClick={onRetry}>
            Send again
          </Button>
        )
      }
    >
      {busy ? "Your text is kept. Wait until the turn ends, or stop it." : `${messageOf(error)} Your text is kept.`}
    </Notice>
  );
}
