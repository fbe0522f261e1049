import { keepFrom } from "@/shared/lib/download";
import type { MenuItem } from "@/shared/ui/Menu";

const formats: readonly { label: string; members: Readonly<Record<string, string>> }[] = [
  { label: "CSV for a spreadsheet (formulas made harmless)", members: { format: "csv", formulas: "escape" } },
  { label: "CSV, values exact", members: { format: "csv", formulas: "keep" } },
  { label: "TSV", members: { format: "tsv" } },
  { label: "JSON Lines", members: { format: "jsonl" } },
  { label: "Excel (XLSX)", members: { format: "xlsx" } },
  { label: "Parquet", members: { format: "parquet" } },
];

/** Files of a result that the host writes: whole, and as it is looked at. */
export function downloads(id: string, query: Readonly<Record<string, string>>): MenuItem[] {
  return formats.map(({ label, members }) => ({
    label,
    icon: "download",
    onSelect: () => keepFrom(`/api/results/${encodeURIComponent(id)}/download?${new URLSearchParams({ ...members, ...query })}`),
  }));
}
