import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { messageOf } from "@/api/problem";
import type { ResultColumn } from "@/api/types";
import { formatCount } from "@/shared/lib/format";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { CopyButton } from "@/shared/ui/CopyButton";
import { IconButton } from "@/shared/ui/IconButton";
import { PopoverAt } from "@/shared/ui/PopoverAt";
import { cellPath, cellQuery } from "../api/cell";
import { formatCell } from "../model/cells";
import { readJson } from "../model/jsonTree";
import styles from "./CellWindow.module.css";
import type { OpenedCell } from "./DataGrid";
import { JsonTree } from "./JsonTree";

interface CellWindowProps {
  id: string;
  cell: OpenedCell;
  column: ResultColumn;
  onClose: () => void;
  returnTo: () => void;
}

/** One cell whole, beside its place: what the grid had to cut can be read and copied here. */
export function CellWindow({ id, cell, column, onClose, returnTo }: CellWindowProps) {
  const value = cell.row.cells[cell.column] ?? null;
  const isCut = cell.row.cut.includes(cell.column);
  const whole = useQuery({ ...cellQuery(id, cell.row.number, cell.column), enabled: isCut });
  const text = value === null ? null : (whole.data?.text ?? formatCell(value, column));
  const tree = useMemo(
    () => (column.type === "json" && text !== null && (!isCut || whole.data !== undefined) ? readJson(text) : null),
    [column, text, isCut, whole.data],
  );
  const [asText, setAsText] = useState(false);
  const showsTree = tree !== null && (tree.kind === "object" || tree.kind === "array") && !asText;
  return (
    <PopoverAt label={`${plainName(column.name)}, row ${formatCount(cell.row.number + 1)}`} place={cell.anchor} onClose={onClose} onClosed={returnTo}>
      <div className={styles.window}>
        <header>
          <span className={styles.name}>
            <strong>{plainName(column.name)}</strong>, row {formatCount(cell.row.number + 1)}
          </span>
          {tree !== null && (
            <Button size="s" variant="quiet" aria-pressed={asText} onClick={() => setAsText(!asText)}>
              As text
            </Button>
          )}
          <CopyButton text={text ?? ""} label="Copy value" />
          <IconButton icon="close" size="s" label="Close value" onClick={onClose} />
        </header>
        {isCut && whole.isPending && <p className={styles.note}>Loading the whole value…</p>}
        {whole.isError && <p className={styles.bad}>{messageOf(whole.error)}</p>}
        {showsTree ? (
          <JsonTree node={tree} />
        ) : (
          <div className={styles.value} tabIndex={0} role="group" aria-label="Value">
            {text === null ? <em>NULL: there is no value</em> : text === "" ? <em>empty text</em> : text}
          </div>
        )}
        {whole.data?.tooLong === true && (
          <p className={styles.note}>
            This is the beginning.{" "}
            <a href={cellPath(id, cell.row.number, cell.column)} download>
              Download the whole value
            </a>
          </p>
        )}
      </div>
    </PopoverAt>
  );
}
