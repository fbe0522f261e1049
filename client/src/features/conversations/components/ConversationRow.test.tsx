import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Summary } from "../model/status";
import { ConversationRow } from "./ConversationRow";

const hidden = "drop\u200B tables \u202Egnihton";
const shown = "drop⟨U+200B⟩ tables ⟨U+202E⟩gnihton";

describe("a conversation whose title hides something", () => {
  it("shows it in the list and in the label of its menu", async () => {
    const conversation = { id: "c", project_id: "p", title: hidden, updated_at: new Date(0).toISOString() } as unknown as Summary;
    render(
      <ul>
        <ConversationRow conversation={conversation} active={false} onRename={() => undefined} onDelete={() => undefined} />
      </ul>,
    );
    expect(screen.getByRole("link").textContent).toContain(shown);
    const button = screen.getByRole("button", { name: `Actions for ${shown}` });
    expect(button.title).toBe(`Actions for ${shown}`);
    await userEvent.click(button);
    expect(screen.getByRole("menu").getAttribute("aria-label")).toBe(`Actions for ${shown}`);
  });
});
