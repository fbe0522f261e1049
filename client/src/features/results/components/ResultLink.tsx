import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "@/api/problem";
import type { ResultPlace } from "@/shared/lib/links";
import { prefetchResult, resultQuery } from "../api/result";
import { useResultNavigation } from "../resultNavigation";
import styles from "./ResultLink.module.css";

/** A mention of a result in an answer: opens it at the place. One that is not there is text, and says why. */
export function ResultLink({ place, children }: { place: ResultPlace; children: ReactNode }) {
  const { href, follow, prepare } = useResultNavigation();
  const client = useQueryClient();
  const result = useQuery(resultQuery(place.id));
  if (result.error instanceof Problem && result.error.status === 404) {
    return (
      <span className={styles.gone} title="This result is not here: it was deleted, or it is not yours">
        {children}
      </span>
    );
  }
  return (
    <a
      href={href(place)}
      className={styles.link}
      title={place.row === null ? "Open the result" : `Open the result at row ${place.row + 1}`}
      onPointerEnter={() => {
        prepare();
        prefetchResult(client, place.id);
      }}
      onClick={(event) => follow(event, place)}
    >
      {children}
    </a>
  );
}
