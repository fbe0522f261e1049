import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { type ResultRef, resultRefs } from "@/api/resultRef";
import { ResultSlots, type ResultSlotsValue } from "../resultSlots";
import { inChat, result, tool } from "../testing/support";
import { Course } from "./Course";

const slots: ResultSlotsValue = {
  Results: ({ results, of }) => <p>{`${of}: ${results.map(({ id }) => id).join(", ")}`}</p>,
  Chart: ({ chart }) => <p>{`chart ${JSON.stringify(chart)}`}</p>,
  Numbers: ({ children }) => children,
};
const ref = (id: string): ResultRef[] => [...resultRefs([{ id, ordinal: 0, content: "table", state: "complete", rows: 3, bytes: 9, columns: [] }])];
const none: ReadonlySet<string> = new Set();

describe("what a call left", () => {
  it("is drawn by whoever knows results, before anybody asks", () => {
    const call = { ...tool, result: { ...result, results: ref("r") } };
    render(<ResultSlots value={slots}>{inChat(<Course tools={[call]} repeated={none} />)}</ResultSlots>);
    expect(screen.getByText("DROP TABLE main.sales.orders: r")).toBeTruthy();
  });

  it("is folded where the answer repeats it", () => {
    const call = { ...tool, result: { ...result, results: ref("r") } };
    render(<ResultSlots value={slots}>{inChat(<Course tools={[call]} repeated={new Set([tool.id])} />)}</ResultSlots>);
    expect(screen.queryByText(/: r$/)).toBeNull();
    expect(screen.getByRole("button", { expanded: false })).toBeTruthy();
  });

  it("stands with its statement of a script, once", () => {
    const steps = [{ number: 1, statement: "SELECT 1", status: "succeeded", result_id: "r", columns: [{ name: "a" }], rows: [["1"]] }];
    const call = { ...tool, result: { ...result, structured: { steps }, results: [...ref("r"), ...ref("other")] } };
    render(<ResultSlots value={slots}>{inChat(<Course tools={[call]} repeated={none} />)}</ResultSlots>);
    expect(screen.getByText(/^Statement 1 of .*: r$/)).toBeTruthy();
    expect(screen.getByText(/: other$/)).toBeTruthy();
    expect(screen.queryByRole("grid")).toBeNull();
  });

  it("is a chart in the place of the call that made it", () => {
    const call = { ...tool, resultKind: "chart", result: { ...result, structured: { chart: { result: "r" } } } };
    render(<ResultSlots value={slots}>{inChat(<Course tools={[call]} repeated={none} />)}</ResultSlots>);
    expect(screen.getByText('chart {"result":"r"}')).toBeTruthy();
    expect(screen.queryByRole("article")).toBeNull();
  });

  it("of an old call is drawn as it came", () => {
    const call = { ...tool, result: { ...result, structured: { columns: [{ name: "a" }], rows: [["1"]] } } };
    render(<ResultSlots value={slots}>{inChat(<Course tools={[call]} repeated={none} />)}</ResultSlots>);
    expect(screen.getByRole("grid")).toBeTruthy();
  });
});
