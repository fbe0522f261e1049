import { fireEvent, render, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import { NameDialog } from "../ui/NameDialog";
import { type DialogPlace, leftOpen } from "./dialogText";

beforeEach(() => sessionStorage.clear());

const renaming: DialogPlace = { dialog: "rename-project", of: "p1" };

function open(place: DialogPlace = renaming): () => void {
  const { unmount } = render(
    <StrictMode>
      <NameDialog
        place={place}
        title="Rename"
        label="Name"
        initial="Taxi"
        action="Rename"
        pending={false}
        error={null}
        onSubmit={() => undefined}
        onClose={() => undefined}
      />
    </StrictMode>,
  );
  return unmount;
}

const field = (): HTMLInputElement => screen.getByRole("textbox", { name: "Name" });

/** A page that is left runs nothing any more: what it had stored then is what the next one finds. */
function leave(unmount: () => void): void {
  const stored = { ...sessionStorage } as Record<string, string>;
  unmount();
  for (const [key, value] of Object.entries(stored)) sessionStorage.setItem(key, value);
}

describe("the text of a dialog", () => {
  it("is there again after the page was left", () => {
    const unmount = open();
    fireEvent.change(field(), { target: { value: "Taxi demand" } });
    leave(unmount);
    expect(leftOpen("rename-project")).toBe("p1");
    open();
    expect(field().value).toBe("Taxi demand");
  });

  it("is nobody else's", () => {
    const unmount = open();
    fireEvent.change(field(), { target: { value: "Taxi demand" } });
    leave(unmount);
    expect(leftOpen("new-project")).toBeNull();
    open({ dialog: "rename-project", of: "p2" });
    expect(field().value).toBe("Taxi");
  });

  it("is gone with the dialog, and where nothing was written", () => {
    const unmount = open();
    expect(leftOpen("rename-project")).toBeNull();
    fireEvent.change(field(), { target: { value: "Taxi demand" } });
    unmount();
    expect(leftOpen("rename-project")).toBeNull();
  });

  it.each(["", "null", "3", "{", '{"dialog":"rename-project"}'])("survives storage that holds %j", (stored) => {
    sessionStorage.setItem("bricklayer.dialog", stored);
    expect(leftOpen("rename-project")).toBeNull();
    open();
    expect(field().value).toBe("Taxi");
  });
});
