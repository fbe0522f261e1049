import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { Problem, messageOf } from "@/api/problem";
import type { ResultInfo } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import type { ResultPlace } from "@/shared/lib/links";
import { plainName } from "@/shared/lib/plainSight";
import { IconButton } from "@/shared/ui/IconButton";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { Tabs } from "@/shared/ui/Tabs";
import { resultQuery } from "../api/result";
import { useTableView } from "../hooks/useTableView";
import { columnPlace } from "../model/citation";
import { filterOf } from "../model/view";
import { ChartPanel } from "./ChartPanel";
import { ContentView } from "./ContentView";
import { CutNotice } from "./CutNotice";
import type { Place } from "./DataGrid";
import { OriginView } from "./OriginView";
import styles from "./ResultPanel.module.css";
import { TableView } from "./TableView";

export interface ResultPanelProps {
  place: ResultPlace;
  /** It covers the window. */
  full: boolean;
  onFull: (full: boolean) => void;
  onOpen: (id: string) => void;
  onBegun: (conversationId: string, executionId: string) => void;
  onClose: () => void;
}

/** A result whole: what is in it, where it comes from, and what can be done with it. */
export function ResultPanel(props: ResultPanelProps) {
  const { place, full, onFull, onClose } = props;
  const result = useQuery(resultQuery(place.id));
  const title = result.data === undefined ? "Result" : titleOf(result.data);
  return (
    <aside className={cx(styles.panel, full && styles.full)} aria-label={`Result: ${plainName(title)}`}>
      <div
        role="presentation"
        className={styles.inner}
        onKeyDown={(event) => {
          if (event.key === "Escape" && full && !event.defaultPrevented) onFull(false);
        }}
      >
        <header className={styles.header}>
          <h2 tabIndex={-1} data-result title={plainName(title)}>
            <Name text={title} />
          </h2>
          <IconButton
            icon={full ? "shrink" : "expand"}
            size="s"
            label={full ? "Show beside the conversation" : "Show over the whole window"}
            onClick={() => onFull(!full)}
          />
          <IconButton icon="close" size="s" label="Close the result" onClick={onClose} />
        </header>
        {result.data !== undefined ? (
          <Body key={`${result.data.id} ${place.view ?? ""}`} info={result.data} {...props} />
        ) : (
          <div className={styles.state}>
            {result.isPending ? (
              <Skeleton lines={8} label="Loading the result" />
            ) : result.error instanceof Problem && (result.error.status === 404 || result.error.status === 400 || result.error.status === 422) ? (
              <Notice tone="info" title="This result is not here">
                It was deleted with its conversation or after its time, or it is not yours. Ask again for what it showed.
              </Notice>
            ) : (
              <LoadFailure title="The result could not be loaded" message={messageOf(result.error)} onRetry={() => void result.refetch()} />
            )}
          </div>
        )}
      </div>
    </aside>
  );
}

function titleOf({ title, file_name, origin }: ResultInfo): string {
  const statement = origin.statement?.replaceAll(/\s+/g, " ").trim() ?? "";
  return [title, file_name, statement].find((text) => text != null && text !== "") ?? "Result";
}

type BodyProps = ResultPanelProps & { info: ResultInfo };

function Body(props: BodyProps) {
  return props.info.content === "table" ? <TableBody {...props} /> : <OtherBody {...props} />;
}

function TableBody({ info, place, onOpen, onBegun }: BodyProps) {
  const [tab, setTab] = useState<"table" | "chart" | "origin">(place.view ?? "table");
  const table = useTableView(info);
  const target = useMemo((): Place | null => {
    if (place.row === null) return null;
    return { row: place.row, column: place.column === null ? null : columnPlace(place.column, info.columns) };
  }, [place, info.columns]);
  return (
    <Framed
      info={info}
      tabs={[
        { id: "table", label: "Table" },
        { id: "chart", label: "Chart" },
        { id: "origin", label: "Where this comes from" },
      ]}
      tab={tab}
      onTab={setTab}
    >
      {tab === "table" && <TableView info={info} table={table} label={plainName(titleOf(info))} target={target} />}
      {tab === "chart" && <ChartPanel info={info} filter={filterOf(table.view)} />}
      {tab === "origin" && <OriginView info={info} onOpen={onOpen} onBegun={onBegun} />}
    </Framed>
  );
}

function OtherBody({ info, onOpen, onBegun }: BodyProps) {
  const [tab, setTab] = useState<"content" | "origin">("content");
  return (
    <Framed
      info={info}
      tabs={[
        { id: "content", label: info.content === "image" ? "Picture" : info.content === "text" ? "Text" : "File" },
        { id: "origin", label: "Where this comes from" },
      ]}
      tab={tab}
      onTab={setTab}
    >
      {tab === "content" ? (
        <div className={styles.state}>
          <ContentView info={info} />
        </div>
      ) : (
        <OriginView info={info} onOpen={onOpen} onBegun={onBegun} />
      )}
    </Framed>
  );
}

interface FramedProps<T extends string> {
  info: ResultInfo;
  tabs: readonly { id: T; label: string }[];
  tab: T;
  onTab: (tab: T) => void;
  children: ReactNode;
}

function Framed<T extends string>({ info, tabs, tab, onTab, children }: FramedProps<T>) {
  return (
    <div className={styles.body}>
      <CutNotice info={info} />
      <Tabs label="Result" tabs={tabs} selected={tab} onSelect={onTab} fill>
        {children}
      </Tabs>
    </div>
  );
}
