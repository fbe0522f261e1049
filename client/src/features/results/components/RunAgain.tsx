import { useQuery } from "@tanstack/react-query";
import { Problem, messageOf } from "@/api/problem";
import type { ResultInfo } from "@/api/types";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { Spinner } from "@/shared/ui/Spinner";
import { rerunQuery, useRunAgain } from "../api/again";
import { resultQuery } from "../api/result";
import { ChangesView } from "./ChangesView";
import styles from "./OriginView.module.css";

interface RunAgainProps {
  info: ResultInfo;
  onOpen: (id: string) => void;
  onBegun: (conversationId: string, executionId: string) => void;
}

/** Makes the same call again, beside this result, and says what is different. */
export function RunAgain({ info, onOpen, onBegun }: RunAgainProps) {
  const again = useRunAgain(info.id);
  const origin = info.origin.rerun_of ?? null;
  return (
    <div className={styles.again}>
      <div>
        <Button
          icon="refresh"
          size="s"
          disabled={again.isPending || info.state === "open"}
          onClick={() => again.mutate(undefined, { onSuccess: (begun) => onBegun(begun.conversation_id, begun.execution_id) })}
        >
          Run again
        </Button>
        <span className={styles.note}>Makes a new result beside this one, under the same permissions.</span>
      </div>
      {again.isError && (
        <Notice tone={again.error instanceof Problem && again.error.status === 409 ? "warn" : "bad"} title="It was not run again">
          {messageOf(again.error)}
        </Notice>
      )}
      {again.data !== undefined && <Followed before={info.id} conversationId={again.data.conversation_id} onOpen={onOpen} />}
      {origin !== null && (
        <>
          <div>
            <span className={styles.note}>This is an earlier result, run again.</span>
            <Button size="s" variant="quiet" onClick={() => onOpen(origin)}>
              Show the earlier one
            </Button>
          </div>
          {info.state !== "open" && <ChangesView before={origin} after={info.id} />}
        </>
      )}
    </div>
  );
}

/** The new result, as soon as there is one. */
function Followed({ before, conversationId, onOpen }: { before: string; conversationId: string; onOpen: (id: string) => void }) {
  const rerun = useQuery(rerunQuery(before, conversationId));
  const id = rerun.data ?? null;
  if (id === null) {
    return (
      <div role="status">
        <Spinner />
        <span className={styles.note}>Running again. Where the call has to be allowed, the conversation asks.</span>
      </div>
    );
  }
  return <Arrived before={before} id={id} onOpen={onOpen} />;
}

function Arrived({ before, id, onOpen }: { before: string; id: string; onOpen: (id: string) => void }) {
  const { data } = useQuery(resultQuery(id));
  return (
    <>
      <div role="status">
        <span className={styles.note}>There is a new result.</span>
        <Button size="s" variant="primary" onClick={() => onOpen(id)}>
          Show the new one
        </Button>
      </div>
      {data !== undefined && data.state !== "open" && <ChangesView before={before} after={id} />}
    </>
  );
}
