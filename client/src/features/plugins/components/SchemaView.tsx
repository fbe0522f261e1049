import { useMemo, useState } from "react";
import { Button } from "@/shared/ui/Button";
import { Code } from "@/shared/ui/Code";
import { schemaFields, typeOf } from "../model/schema";
import styles from "./Tools.module.css";

interface SchemaViewProps {
  title: string;
  schema: unknown;
  /** Said of a schema without properties. */
  nothing: string;
}

export function SchemaView({ title, schema, nothing }: SchemaViewProps) {
  const [raw, setRaw] = useState(false);
  const fields = useMemo(() => schemaFields(schema), [schema]);
  const type = fields.length === 0 ? typeOf(schema) : "object";
  return (
    <div role="group" className={styles.schema} aria-label={title}>
      <div className={styles.schemaHead}>
        <strong>{title}</strong>
        <Button variant="quiet" size="s" aria-pressed={raw} onClick={() => setRaw(!raw)}>
          JSON Schema
        </Button>
      </div>
      {raw && <Code code={JSON.stringify(schema, null, 2)} language="json" label="schema" bounded />}
      {!raw && fields.length === 0 && <p className={styles.none}>{type === "object" || type === "anything" ? nothing : `A ${type}.`}</p>}
      {!raw && fields.length > 0 && (
        <table className={styles.fields}>
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Property</th>
              <th scope="col">Type</th>
              <th scope="col">Description</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field, index) => (
              <tr key={index}>
                <th scope="row" style={{ paddingLeft: `${field.depth * 1.1}rem` }}>
                  <code>{field.name}</code>
                  {field.required && <span className={styles.required}>required</span>}
                </th>
                <td className={styles.type}>{field.type}</td>
                <td className={styles.about}>{field.description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
