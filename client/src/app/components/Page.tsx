import { type ReactNode, useEffect } from "react";
import { focusHeading } from "@/shared/lib/focus";
import { hasNavigated } from "@/shared/lib/navigation";
import { type Part, usePart } from "@/shared/lib/part";
import { Skeleton } from "@/shared/ui/Skeleton";
import styles from "./Page.module.css";
import { PageMissing } from "./PageMissing";

interface PageProps<T> {
  part: Part<T>;
  children: (loaded: T) => ReactNode;
}

/** A page whose code comes when somebody goes there. */
export function Page<T>({ part, children }: PageProps<T>) {
  const page = usePart(part);
  // The link that led here is gone, and the focus with it. Whoever opened the window here has lost nothing.
  useEffect(() => {
    if (page.status === "here" && hasNavigated()) focusHeading();
  }, [page.status]);
  switch (page.status) {
    case "here":
      return children(page.value);
    case "missing":
      return <PageMissing />;
    case "loading":
      return (
        <main className={styles.loading}>
          <Skeleton lines={6} label="Loading the page" />
        </main>
      );
    default:
      return page satisfies never;
  }
}
