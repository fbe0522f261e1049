/** Which cells of a grid are chosen: one, or all between two corners. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

export interface Selection {
  /** Where the keyboard is. */
  readonly active: Position;
  /** The corner that stays while the selection grows. */
  readonly anchor: Position;
}

export interface Area {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export function areaOf({ active, anchor }: Selection): Area {
  return {
    top: Math.min(active.row, anchor.row),
    bottom: Math.max(active.row, anchor.row),
    left: Math.min(active.column, anchor.column),
    right: Math.max(active.column, anchor.column),
  };
}

export function contains(area: Area | null, row: number, column: number): boolean {
  return area !== null && row >= area.top && row <= area.bottom && column >= area.left && column <= area.right;
}

/** Moves the active cell inside the grid; `extend` keeps the other corner. */
export function move(selection: Selection | null, to: Position, extend: boolean, rows: number, columns: number): Selection {
  const active = { row: clamp(to.row, rows), column: clamp(to.column, columns) };
  return { active, anchor: extend && selection !== null ? selection.anchor : active };
}

function clamp(value: number, count: number): number {
  return Math.min(count - 1, Math.max(0, value));
}
