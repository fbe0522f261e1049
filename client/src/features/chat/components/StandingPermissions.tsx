import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/problem";
import { formatAgo, plural } from "@/shared/lib/format";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { Popover } from "@/shared/ui/Popover";
import { standingQuery, useRevoke } from "../api/standing";
import { toolsQuery } from "../api/tools";
import { useChat } from "../chatContext";
import { operationName } from "../model/approval";
import { titleOf } from "../model/describeTool";
import { PlainSight } from "./PlainSight";
import styles from "./StandingPermissions.module.css";

/** What runs in this conversation without being asked, and the way to take it back. Nothing where nothing was given. */
export function StandingPermissions() {
  const { projectId, conversationId, session } = useChat();
  const [open, setOpen] = useState(false);
  const standing = useQuery({ ...standingQuery(projectId, conversationId), enabled: session.store.get().phase === "ready" });
  const revoke = useRevoke(projectId, conversationId);
  const tools = useQuery({ ...toolsQuery(), enabled: open });
  const titles = new Map(tools.data?.map(({ name, title }) => [name, title]));
  const list = standing.data ?? [];
  if (list.length === 0) return null;
  const trigger = (
    <Button variant="quiet" size="s" icon="shield">
      {plural(list.length, "standing permission")}
    </Button>
  );
  return (
    <Popover label="Standing permissions" trigger={trigger} open={open} onOpenChange={setOpen}>
      <div className={styles.box}>
        <p className={styles.lead}>These run in this conversation without being asked.</p>
        {revoke.isError && <Notice tone="bad">It was not taken back: {messageOf(revoke.error)}</Notice>}
        <ul className={styles.list}>
          {list.map((permission) => (
            <li key={permission.id}>
              <span className={styles.what}>
                <strong>
                  <PlainSight text={operationName(permission)} />
                </strong>
                <span>
                  {titleOf({ name: permission.tool, title: titles.get(permission.tool) ?? "" })} · {formatAgo(permission.since, Date.now())}
                </span>
              </span>
              <Button
                size="s"
                disabled={revoke.isPending}
                aria-label={`Take back ${plainName(operationName(permission))}`}
                onClick={() => revoke.mutate(permission.id)}
              >
                Take back
              </Button>
            </li>
          ))}
        </ul>
      </div>
    </Popover>
  );
}
