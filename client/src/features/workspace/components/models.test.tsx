import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { ModelChoice, TurnSettings } from "@/api/types";
import { ModelChip } from "./ModelChip";

afterEach(() => vi.unstubAllGlobals());

const model = (id: string, more: Partial<ModelChoice> = {}): ModelChoice => ({
  id,
  name: id,
  context_tokens: null,
  max_output_tokens: null,
  pictures: null,
  documents: null,
  thinking: null,
  tools: null,
  prompt_cache: null,
  unavailable: null,
  ...more,
});
const usual = model("usual", { name: "The usual", context_tokens: 200_000, pictures: true, thinking: true, tools: true });
const busy = model("busy", { unavailable: "its endpoint is not ready" });
const offline = { provider: "offline", problem: null, models: [model("offline")] };

/** A host with these models; `null`: it cannot say. */
function hosting(problem: string | null, models: readonly ModelChoice[] | null): void {
  vi.stubGlobal("fetch", (path: string) => {
    if (path === "/api/me")
      return Promise.resolve(new Response(JSON.stringify({ user: "a", model: { provider: "anthropic", name: "usual", offline: false } })));
    if (models === null) return Promise.resolve(new Response("{}", { status: 500 }));
    return Promise.resolve(new Response(JSON.stringify({ default: "usual", providers: [{ provider: "anthropic", problem, models }, offline] })));
  });
}

function show(first: TurnSettings, onChange: (settings: TurnSettings) => void = () => undefined) {
  function Page() {
    const [settings, setSettings] = useState(first);
    return (
      <ModelChip
        settings={settings}
        onChange={(next) => {
          onChange(next);
          setSettings(next);
        }}
      />
    );
  }
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={client}>
      <Page />
    </QueryClientProvider>,
  );
}

it("a model is chosen among what each can, and the default by choosing nothing", async () => {
  hosting(null, [usual, model("other"), busy]);
  const chosen: (string | null | undefined)[] = [];
  const user = userEvent.setup();
  show({ warehouse_id: "w" }, (settings) => chosen.push(settings.model));
  await user.click(await screen.findByRole("button", { name: "Model: usual" }));
  const first = await screen.findByRole<HTMLInputElement>("radio", {
    name: /^The usual/,
    description: "usual · 200K tokens of context · pictures · reasoning",
  });
  expect(first.checked).toBe(true);
  expect(screen.getByRole("group", { name: "Anthropic" })).toBeTruthy();
  const refused = screen.getByRole<HTMLInputElement>("radio", { name: "busy", description: "Cannot be used: its endpoint is not ready" });
  expect(refused.disabled).toBe(true);
  await user.click(screen.getByRole("radio", { name: "other" }));
  expect(chosen).toEqual(["other"]);
  await user.click(first);
  expect(chosen).toEqual(["other", null]);
  await user.click(screen.getByRole("radio", { name: "other" }));
  await user.click(screen.getByRole("button", { name: "Done" }));
  expect(screen.getByRole("button", { name: "Model: other" })).toBeTruthy();
});

it("a chosen model that is gone is said, unless a list is missing", async () => {
  hosting(null, [usual]);
  const user = userEvent.setup();
  const { unmount } = show({ model: "old" });
  await user.click(await screen.findByRole("button", { name: "Model: old, no longer there" }));
  expect(screen.getByText(/is not among the models any more/)).toBeTruthy();
  unmount();
  hosting("the provider did not answer in time", [usual]);
  show({ model: "old" });
  await user.click(await screen.findByRole("button", { name: "Model: old" }));
  expect(await screen.findByText("Not all models are shown: the provider did not answer in time.")).toBeTruthy();
});

it("models that cannot be loaded are said, with another try", async () => {
  hosting(null, null);
  const user = userEvent.setup();
  show({});
  await user.click(await screen.findByRole("button", { name: "Model: usual" }));
  expect(await screen.findByText("The models could not be loaded")).toBeTruthy();
  hosting(null, [usual]);
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("radio", { name: /^The usual/ })).toBeTruthy();
});
