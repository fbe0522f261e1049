import { useState } from "react";
import { Dialog } from "@/shared/ui/Dialog";
import { ResultTable } from "./ResultTable";
import type { TableData } from "./tableData";

/** A result table that can take the whole window. */
export function ExpandableTable({ data, label }: { data: TableData; label: string }) {
  const [large, setLarge] = useState(false);
  return (
    <>
      <ResultTable data={data} label={label} onExpand={() => setLarge(true)} />
      {large && (
        <Dialog title={label} size="full" onClose={() => setLarge(false)}>
          <ResultTable data={data} label={label} tall />
        </Dialog>
      )}
    </>
  );
}
