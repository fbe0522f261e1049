import { type KeyboardEvent, type MouseEvent, useRef, useState } from "react";
import { Icon } from "@/shared/ui/Icon";
import { usePickRows } from "../hooks/usePickRows";
import type { Pick, PickRow } from "../model/picker";
import { PickItem } from "./PickItem";
import styles from "./Picker.module.css";

interface PickTreeProps {
  projectId: string;
  picks: readonly Pick[];
  onToggle: (pick: Pick) => void;
}

/** A tree by the pattern of ARIA: arrows move, open and close, Space picks, letters go to the next name that begins so. */
export function PickTree({ projectId, picks, onToggle }: PickTreeProps) {
  const [filter, setFilter] = useState("");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(["jobs", "workspace"]));
  const [folders, setFolders] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState("jobs");
  const tree = useRef<HTMLDivElement>(null);
  const { rows, retry } = usePickRows(projectId, { filter, open, folders, picks });
  const current = rows.some(({ key }) => key === at) ? at : (rows[0]?.key ?? "");

  const toggleOpen = (row: PickRow): void => {
    setOpen((before) => new Set(before.has(row.key) ? [...before].filter((key) => key !== row.key) : [...before, row.key]));
    if (row.folder !== null) setFolders((before) => new Set([...before, row.folder ?? ""]));
  };
  const go = (row: PickRow | undefined): void => {
    if (row === undefined) return;
    setAt(row.key);
    const items = [...(tree.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    items.find((item) => item.dataset["row"] === row.key)?.focus();
  };
  const choose = (row: PickRow): void => {
    if (row.note === "failed") retry();
    else if (row.pick !== null && row.picked !== "covered") onToggle(row.pick);
    else if (row.open !== null) toggleOpen(row);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const place = rows.findIndex(({ key }) => key === current);
    const row = rows[place];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = actions[event.key];
    if (act !== undefined) act({ rows, place, row, go, toggleOpen, choose });
    else if (event.key.length === 1) go(nextNamed(rows, place, event.key));
    else return;
    event.preventDefault();
  };
  const rowOf = (target: EventTarget): PickRow | undefined => {
    const key = target instanceof Element ? target.closest<HTMLElement>("[data-row]")?.dataset["row"] : undefined;
    return rows.find((row) => row.key === key);
  };
  const onClick = ({ target }: MouseEvent): void => {
    const row = rowOf(target);
    if (row === undefined) return;
    if (target instanceof Element && target.closest("[data-opens]") !== null) toggleOpen(row);
    else choose(row);
  };

  return (
    <div className={styles.tree}>
      <div className={styles.filter} role="search">
        <Icon name="search" size={16} />
        <input
          type="search"
          aria-label="Filter what can be picked"
          placeholder="Part of a name"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      </div>
      <div
        ref={tree}
        role="tree"
        aria-label="What the workspace has"
        aria-multiselectable="true"
        tabIndex={-1}
        className={styles.rows}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onFocus={({ target }) => setAt(rowOf(target)?.key ?? current)}
      >
        {rows.map((row) => (
          <PickItem key={row.key} row={row} isCurrent={row.key === current} />
        ))}
      </div>
    </div>
  );
}

interface Walk {
  rows: readonly PickRow[];
  place: number;
  row: PickRow;
  go: (row: PickRow | undefined) => void;
  toggleOpen: (row: PickRow) => void;
  choose: (row: PickRow) => void;
}

const actions: Readonly<Record<string, (walk: Walk) => void>> = {
  ArrowDown: ({ rows, place, go }) => go(rows[place + 1]),
  ArrowUp: ({ rows, place, go }) => go(rows[place - 1]),
  Home: ({ rows, go }) => go(rows[0]),
  End: ({ rows, go }) => go(rows.at(-1)),
  ArrowRight: ({ rows, place, row, go, toggleOpen }) => {
    if (row.open === false) toggleOpen(row);
    else if (row.open === true) go(rows[place + 1]);
  },
  ArrowLeft: ({ rows, row, go, toggleOpen }) => {
    if (row.open === true) toggleOpen(row);
    else go(rows.find(({ key }) => key === row.parent));
  },
  " ": ({ row, choose }) => choose(row),
  Enter: ({ row, choose }) => choose(row),
};

/** From the row behind on, and around. */
function nextNamed(rows: readonly PickRow[], place: number, letter: string): PickRow | undefined {
  const around = [...rows.slice(place + 1), ...rows.slice(0, place + 1)];
  return around.find(({ name, note }) => note === null && name.toLowerCase().startsWith(letter.toLowerCase()));
}
