import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TurnSettings } from "@/api/types";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import form from "@/shared/ui/Form.module.css";
import { Icon } from "@/shared/ui/Icon";
import { warehousesQuery } from "../api/workspace";
import { WorkspaceSettings } from "./WorkspaceSettings";
import styles from "./WorkspaceSettings.module.css";

/** Says where the next message works, and opens the choice. */
export function SettingsChip({ settings, onChange }: { settings: TurnSettings; onChange: (settings: TurnSettings) => void }) {
  const [open, setOpen] = useState(false);
  const warehouses = useQuery(warehousesQuery());
  const warehouse = warehouses.data?.find((entry) => entry.warehouse_id === settings.warehouse_id)?.warehouse_name ?? settings.warehouse_id;
  const names = [settings.default_catalog, settings.default_schema].filter((name) => name != null && name !== "").join(".");
  const text = [warehouse ?? "Any warehouse", names].filter((part) => part !== "").join(" · ");
  return (
    <>
      <button type="button" className={styles.chip} aria-haspopup="dialog" aria-label={`Warehouse and catalog: ${text}`} onClick={() => setOpen(true)}>
        <Icon name="sliders" size={15} />
        <span>{text}</span>
      </button>
      {open && (
        <Dialog title="Where to work" onClose={() => setOpen(false)}>
          <WorkspaceSettings settings={settings} onChange={onChange} />
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
