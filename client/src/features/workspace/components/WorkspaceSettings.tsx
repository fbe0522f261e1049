import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import type { TurnSettings } from "@/api/types";
import { Notice } from "@/shared/ui/Notice";
import { catalogsQuery, clustersQuery, schemasQuery, warehousesQuery } from "../api/workspace";
import { SettingSelect } from "./SettingSelect";
import styles from "./WorkspaceSettings.module.css";

interface WorkspaceSettingsProps {
  settings: TurnSettings;
  onChange: (settings: TurnSettings) => void;
}

/** Where statements run and what unqualified names mean. Unset: the agent chooses. */
export function WorkspaceSettings({ settings, onChange }: WorkspaceSettingsProps) {
  const catalog = settings.default_catalog ?? "";
  const warehouses = useQuery(warehousesQuery());
  const clusters = useQuery(clustersQuery());
  const catalogs = useQuery(catalogsQuery());
  const schemas = useQuery(schemasQuery(catalog));
  const error = warehouses.error ?? clusters.error ?? catalogs.error ?? schemas.error;
  return (
    <div className={styles.settings}>
      <SettingSelect
        label="SQL warehouse"
        unset="Chosen by the agent"
        value={settings.warehouse_id ?? ""}
        loading={warehouses.isPending}
        options={(warehouses.data ?? []).map((warehouse) => ({
          value: warehouse.warehouse_id,
          label: `${warehouse.warehouse_name} (${warehouse.state.toLowerCase()}${warehouse.cluster_size === null || warehouse.cluster_size === "" ? "" : `, ${warehouse.cluster_size}`})`,
        }))}
        onChange={(value) => onChange({ ...settings, warehouse_id: value })}
      />
      <SettingSelect
        label="Cluster"
        unset="Chosen by the agent"
        value={settings.cluster_id ?? ""}
        loading={clusters.isPending}
        options={(clusters.data ?? []).map(({ cluster_id, cluster_name, state }) => ({
          value: cluster_id,
          label: `${cluster_name === "" ? cluster_id : cluster_name} (${state.toLowerCase()})`,
        }))}
        onChange={(value) => onChange({ ...settings, cluster_id: value })}
      />
      <SettingSelect
        label="Default catalog"
        unset="None"
        value={catalog}
        loading={catalogs.isPending}
        options={(catalogs.data ?? []).map(({ name }) => ({ value: name, label: name }))}
        onChange={(value) => onChange({ ...settings, default_catalog: value, default_schema: null })}
      />
      <SettingSelect
        label="Default schema"
        unset="None"
        value={settings.default_schema ?? ""}
        loading={catalog !== "" && schemas.isPending}
        disabled={catalog === ""}
        options={(schemas.data ?? []).map(({ name }) => ({ value: name, label: name }))}
        onChange={(value) => onChange({ ...settings, default_schema: value })}
      />
      {error !== null && <Notice tone="warn">The workspace did not answer: {messageOf(error)}</Notice>}
      <p className={styles.note}>Used from your next message on.</p>
    </div>
  );
}
