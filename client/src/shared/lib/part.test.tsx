import { render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { Part, usePart } from "./part";

function Shown({ part }: { part: Part<string> }) {
  const state = usePart(part);
  return <p>{state.status === "here" ? state.value : state.status}</p>;
}

describe("a part of the page", () => {
  it("is asked for once, when it is first drawn, and is there at once from then on", async () => {
    const load = vi.fn(() => Promise.resolve("drawn"));
    const part = new Part(load);
    expect(load).not.toHaveBeenCalled();
    const { unmount } = render(<Shown part={part} />);
    expect(screen.getByText("loading")).toBeTruthy();
    await screen.findByText("drawn");
    unmount();
    render(<Shown part={part} />);
    expect(screen.getByText("drawn")).toBeTruthy();
    expect(load).toHaveBeenCalledTimes(1);
  });

  it("that did not come says so, and is asked for again where it is next wanted", async () => {
    const load = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new TypeError("Failed to fetch dynamically imported module"))
      .mockResolvedValueOnce("drawn");
    const part = new Part(load);
    const { unmount } = render(<Shown part={part} />);
    await screen.findByText("missing");
    expect(load).toHaveBeenCalledTimes(1);
    unmount();
    render(<Shown part={part} />);
    await screen.findByText("drawn");
  });
});
