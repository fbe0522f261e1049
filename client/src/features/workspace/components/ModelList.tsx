import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { messageOf } from "@/api/problem";
import type { ModelChoice } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Notice } from "@/shared/ui/Notice";
import { Spinner } from "@/shared/ui/Spinner";
import { abilities, choiceOf, providerName } from "../api/models";
import { modelsQuery } from "../api/workspace";
import styles from "./ModelList.module.css";

interface ModelListProps {
  /** `null`: whatever the host's default is. */
  chosen: string | null;
  onChoose: (model: string | null) => void;
}

/** The models that may be chosen, by who provides them. Radio buttons to the keyboard and to a screen reader. */
export function ModelList({ chosen, onChoose }: ModelListProps) {
  const name = useId();
  const models = useQuery(modelsQuery());
  if (models.isPending) {
    return (
      <p className={styles.loading} role="status">
        <Spinner /> Asking for the models…
      </p>
    );
  }
  if (models.data === undefined) {
    return <LoadFailure title="The models could not be loaded" message={messageOf(models.error)} onRetry={() => void models.refetch()} />;
  }
  const { default: usual, providers } = models.data;
  const current = chosen ?? usual;
  const choice = choiceOf(current, models.data);
  return (
    <div className={styles.list}>
      {choice.state === "gone" && (
        <Notice tone="warn">
          <strong>{choice.name}</strong> is not among the models any more. Choose another: a message to it would be refused.
        </Notice>
      )}
      {providers.map(({ provider, problem, models }) => (
        <fieldset key={provider} className={styles.provider}>
          <legend>{providerName(provider)}</legend>
          {problem !== null && <p className={styles.problem}>Not all models are shown: {problem}.</p>}
          {models.map((model) => (
            <ModelRow
              key={model.id}
              model={model}
              group={name}
              usual={model.id === usual}
              checked={model.id === current}
              onChoose={() => onChoose(model.id === usual ? null : model.id)}
            />
          ))}
        </fieldset>
      ))}
      <p className={styles.problem}>Used from your next message on.</p>
    </div>
  );
}

interface ModelRowProps {
  model: ModelChoice;
  /** Of which one is chosen. */
  group: string;
  /** It answers when nothing is chosen. */
  usual: boolean;
  checked: boolean;
  onChoose: () => void;
}

function ModelRow({ model, group, usual, checked, onChoose }: ModelRowProps) {
  const id = useId();
  const says = [model.name === model.id ? "" : model.id, abilities(model)].filter((part) => part !== "").join(" · ");
  return (
    <label className={cx(styles.model, model.unavailable !== null && styles.unavailable)}>
      <input
        type="radio"
        name={group}
        checked={checked}
        disabled={model.unavailable !== null}
        aria-labelledby={`${id}name`}
        aria-describedby={id}
        data-autofocus={checked ? "" : undefined}
        onChange={onChoose}
      />
      <span id={`${id}name`} className={styles.name}>
        {model.name}
        {usual && <em> default</em>}
      </span>
      <span id={id} className={styles.says}>
        {model.unavailable === null ? says : `Cannot be used: ${model.unavailable}`}
      </span>
    </label>
  );
}
