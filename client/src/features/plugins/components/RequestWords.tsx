import type { ReactNode } from "react";
import { Badge } from "@/shared/ui/Badge";
import type { PowerRequest } from "../api/types";
import { httpPower, pathWords } from "../model/requests";
import styles from "./Powers.module.css";

/** One request as a person reads it: the method and the path under a host's heading, everything else as a sentence. */
export function RequestWords({ request, withHost = false, children }: { request: PowerRequest; withHost?: boolean; children?: ReactNode }) {
  const http = httpPower(request.id);
  return (
    <span className={styles.words}>
      {http === null ? (
        <span>{request.words}</span>
      ) : (
        <span className={styles.http}>
          <b>{http.method}</b>{" "}
          <code>
            {withHost && (http.host ?? "workspace")}
            {http.path}
          </code>
          {pathWords(http.path) !== "" && <span className={styles.pattern}> {pathWords(http.path)}</span>}
        </span>
      )}
      {request.identity && (
        <Badge tone="brick" icon="shield" title="The workspace sees these requests as yours">
          with your identity
        </Badge>
      )}
      {children}
    </span>
  );
}
