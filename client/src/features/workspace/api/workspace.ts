import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { Catalog, Cluster, Me, ModelChoices, Schema, Warehouse } from "@/api/types";

export const meQuery = () => queryOptions({ queryKey: keys.me, queryFn: ({ signal }) => json<Me>("/api/me", { signal }), staleTime: 60_000 });

export const modelsQuery = () =>
  queryOptions({ queryKey: keys.models, queryFn: ({ signal }) => json<ModelChoices>("/api/models", { signal }), staleTime: 60_000 });

export const warehousesQuery = () =>
  queryOptions({ queryKey: keys.warehouses, queryFn: ({ signal }) => json<Warehouse[]>("/api/warehouses", { signal }), staleTime: 20_000 });

export const clustersQuery = () =>
  queryOptions({ queryKey: keys.clusters, queryFn: ({ signal }) => json<Cluster[]>("/api/clusters", { signal }), staleTime: 20_000 });

export const catalogsQuery = () =>
  queryOptions({ queryKey: keys.catalogs, queryFn: ({ signal }) => json<Catalog[]>("/api/catalogs", { signal }), staleTime: 60_000 });

export const schemasQuery = (catalog: string) =>
  queryOptions({
    queryKey: keys.schemas(catalog),
    queryFn: ({ signal }) => json<Schema[]>(`/api/catalogs/${encodeURIComponent(catalog)}/schemas`, { signal }),
    staleTime: 60_000,
    enabled: catalog !== "",
  });
