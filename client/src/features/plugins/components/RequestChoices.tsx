import { Button } from "@/shared/ui/Button";
import type { PowerRequest } from "../api/types";
import { groupRequests } from "../model/requests";
import styles from "./Powers.module.css";
import { RequestWords } from "./RequestWords";

interface RequestChoicesProps {
  title: string;
  requests: readonly PowerRequest[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
}

/** What it asks for, with one box each. Giving everything is one press, and never the state one finds. */
export function RequestChoices({ title, requests, chosen, onChange }: RequestChoicesProps) {
  const all = chosen.size === requests.length;
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <fieldset className={styles.fieldset}>
      <legend className="visually-hidden">{title}</legend>
      <div className={styles.choices}>
        <div className={styles.choicesHead}>
          <h3 aria-hidden="true">{title}</h3>
          {requests.length > 1 && (
            <Button size="s" onClick={() => onChange(new Set(all ? [] : requests.map((request) => request.id)))}>
              {all ? "Give none" : "Give all"}
            </Button>
          )}
        </div>
        {groupRequests(requests).map((group) => (
          <div key={group.key} role="group" aria-label={group.title}>
            <p className={styles.groupTitle}>{group.title}</p>
            <ul className={styles.rows}>
              {group.requests.map((request) => (
                <li key={request.id}>
                  <label className={styles.choice}>
                    <input type="checkbox" checked={chosen.has(request.id)} onChange={() => toggle(request.id)} />
                    <RequestWords request={request} />
                  </label>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </fieldset>
  );
}
