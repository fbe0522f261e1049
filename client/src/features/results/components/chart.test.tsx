import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ID, host, info, navigation, show } from "../testing/support";
import { ChartInThread } from "./ChartInThread";
import { ResultPanel } from "./ResultPanel";

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

const grouped = {
  columns: [info.columns[1], { name: "rows", type: "integer" }],
  rows: [
    ["Ada", "9007199254740993"],
    [null, "1"],
  ],
  groups: 2,
  complete: true,
};
const chart = { result: ID, kind: "bar", title: "People", x: { column: 1 }, y: [{ aggregate: "count" }] };

describe("a chart in the thread", () => {
  it("has its data as a table, exact, and leads to its result", async () => {
    host({ "/aggregate": () => ({ json: grouped }) });
    show(<ChartInThread chart={chart} />);
    await userEvent.click(await screen.findByRole("button", { name: "As table" }));
    expect(screen.getByText("9007199254740993")).toBeTruthy();
    expect(screen.getByText("NULL")).toBeTruthy();
    expect(screen.getByRole("region", { name: "Chart: People" })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Open the data" }));
    expect(navigation.open).toHaveBeenCalledWith({ id: ID, row: null, column: null });
  });

  it("is drawn another way when somebody wants it so", async () => {
    const asked = host({
      "/aggregate": () => ({ json: grouped }),
      "/histogram": () => ({ json: { bins: [{ from: "1", to: "2", count: 3 }], nulls: 0, others: 0 } }),
    });
    show(<ChartInThread chart={chart} />);
    await userEvent.click(await screen.findByRole("button", { name: "Change" }));
    await userEvent.selectOptions(screen.getByLabelText("Kind"), "histogram");
    await waitFor(() => expect(asked.some((url) => url.pathname.endsWith("/columns/0/histogram"))).toBe(true));
  });

  it("of a result that is gone says so, and one that is not known as well", async () => {
    host({ [`/api/results/${ID}`]: () => ({ status: 404, json: {} }) });
    show(<ChartInThread chart={chart} />);
    expect(await screen.findByText("The result of this chart was deleted.")).toBeTruthy();
    show(<ChartInThread chart={{ kind: "pie" }} />);
    expect(screen.getByText(/made for a newer page/)).toBeTruthy();
  });
});

describe("a chart in the panel", () => {
  it("is kept for the next time", async () => {
    host({
      "/aggregate": () => ({ json: grouped }),
      "/sample": () => ({ json: { offset: 0, total: 0, next: null, columns: [0], row_numbers: [], rows: [], cut: [] } }),
    });
    const nothing = (): void => undefined;
    const panel = (
      <ResultPanel
        place={{ id: ID, row: null, column: null, view: "chart" }}
        full={false}
        onFull={nothing}
        onOpen={nothing}
        onBegun={nothing}
        onClose={nothing}
      />
    );
    const { unmount } = show(panel);
    await userEvent.selectOptions(await screen.findByLabelText("Kind"), "scatter");
    unmount();
    show(panel);
    expect(await screen.findByDisplayValue("Scatter")).toBeTruthy();
  });
});
