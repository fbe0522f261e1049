import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TurnSettings } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import form from "@/shared/ui/Form.module.css";
import { Icon } from "@/shared/ui/Icon";
import { choiceOf } from "../api/models";
import { meQuery, modelsQuery } from "../api/workspace";
import { ModelBadge } from "./ModelBadge";
import { ModelList } from "./ModelList";
import styles from "./WorkspaceSettings.module.css";

/** Which model answers from the next message on, and the choice of another. */
export function ModelChip({ settings, onChange }: { settings: TurnSettings; onChange: (settings: TurnSettings) => void }) {
  const [open, setOpen] = useState(false);
  const me = useQuery(meQuery());
  const chosen = settings.model ?? null;
  // Until one is chosen, the list is for who looks at it.
  const models = useQuery({ ...modelsQuery(), enabled: open || chosen !== null });
  if (me.data === undefined) return null;
  // Nothing else can be chosen there, and what it is needs words.
  if (me.data.model.offline) return <ModelBadge />;
  const choice = choiceOf(chosen ?? me.data.model.name, models.data);
  const wrong = chosen === null || choice.state === "listed" ? null : choice.state === "gone" ? "no longer there" : "cannot be used";
  return (
    <>
      <button
        type="button"
        className={cx(styles.chip, wrong !== null && styles.wrong)}
        aria-haspopup="dialog"
        aria-label={`Model: ${choice.name}${wrong === null ? "" : `, ${wrong}`}`}
        onClick={() => setOpen(true)}
      >
        <Icon name={wrong === null ? "sparkle" : "warning"} size={15} />
        <span>{wrong === null ? choice.name : `${choice.name}: ${wrong}`}</span>
      </button>
      {open && (
        <Dialog title="Which model answers" onClose={() => setOpen(false)}>
          <ModelList chosen={chosen} onChoose={(model) => onChange({ ...settings, model })} />
          <div className={form.actions}>
            <Button variant="primary" onClick={() => setOpen(false)}>
              Done
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
