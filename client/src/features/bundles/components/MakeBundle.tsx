import { useState } from "react";
import { useArrival } from "@/shared/lib/focus";
import { links } from "@/shared/lib/links";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { type Pick, toggled } from "../model/picker";
import styles from "./Bundles.module.css";
import { MakeForm } from "./MakeForm";
import picker from "./Picker.module.css";
import { PickTree } from "./PickTree";

/** What a new bundle is made of: picked from a tree of what the workspace has. */
export function MakeBundle({ projectId }: { projectId: string }) {
  const heading = useArrival<HTMLHeadingElement>();
  const [picks, setPicks] = useState<readonly Pick[]>([]);
  const toggle = (pick: Pick): void => setPicks((before) => toggled(before, pick));
  return (
    <section className={styles.wide} aria-labelledby="make-title">
      <header className={styles.header}>
        <div>
          <ButtonLink href={links.bundles(projectId)} variant="quiet" size="s" icon="arrowLeft">
            All bundles
          </ButtonLink>
          <h1 id="make-title" ref={heading} tabIndex={-1}>
            Make a bundle
          </h1>
          <p>Pick what becomes a part of it. Nothing in the workspace is changed.</p>
        </div>
      </header>
      <div className={picker.columns}>
        <PickTree projectId={projectId} picks={picks} onToggle={toggle} />
        <MakeForm projectId={projectId} picks={picks} onRemove={toggle} />
      </div>
    </section>
  );
}
