import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Inspection, PowerRequest } from "../api/types";
import { choose, detail, inspected, network, read, show, sql, weather } from "../testing/support";
import { PluginDetail } from "./PluginDetail";
import { PluginList } from "./PluginList";

describe("an update that asks for more", () => {
  const added: PowerRequest[] = [
    { ...read, id: "GET https://archive.example/**", words: "GET archive.example/**", given: "no" },
    { ...sql, id: "DELETE workspace/x as-caller", words: "DELETE your workspace x" },
  ];
  const pending = {
    digest: "sha256:bbbb",
    version: "0.3.0",
    added,
    removed: [read],
    tools_added: ["history"],
    tools_removed: ["forecast"],
    tools_changed: [],
    tools_less_careful: [],
  };

  it("waits, shows what changes, and takes only what is ticked", async () => {
    detail({ pending, status: "update-waiting" }).on("POST /api/plugins/w/consent", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    const panel = within(await screen.findByRole("region", { name: "Version 0.3.0 waits for you" }));
    expect(panel.getByRole("group", { name: "Changed tools" }).textContent).toMatch(/history.*new.*forecast.*gone/);
    expect(panel.getByRole("group", { name: "No longer asked for" }).textContent).toContain("api.weather.example/v1/*");
    const boxes = panel.getAllByRole<HTMLInputElement>("checkbox");
    expect(boxes.map(({ checked }) => checked)).toEqual([false, false]);
    await user.click(panel.getByRole("checkbox", { name: /archive|\/\*\*/ }));
    await user.click(panel.getByRole("button", { name: "Update to 0.3.0" }));
    await waitFor(() =>
      expect(network.changes()).toEqual([
        { route: "POST /api/plugins/w/consent", body: { digest: "sha256:bbbb", grants: ["GET https://archive.example/**"] } },
      ]),
    );
  });

  it("is turned down", async () => {
    detail({ pending, status: "update-waiting" }).on("DELETE /api/plugins/w/pending", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Keep 0.2.0" }));
    await waitFor(() => expect(network.changes().map(({ route }) => route)).toEqual(["DELETE /api/plugins/w/pending"]));
  });

  it("decided upon before it was sent goes through without a second question", async () => {
    const inspection: Inspection = {
      ...inspected,
      name: "weather",
      version: "0.3.0",
      staged: "sha256:bbbb",
      installed: { id: "w", version: "0.2.0", scope: "mine" },
      diff: pending,
    };
    network
      .on("POST /api/plugins/inspect", { body: inspection })
      .on("POST /api/plugins/w/update", { body: { outcome: "waiting", plugin: { ...weather, pending } } })
      .on("POST /api/plugins/w/consent", { body: { ...weather, version: "0.3.0" } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["x"], "weather.wasm"));
    await user.click(await screen.findByRole("checkbox", { name: /\/\*\*/ }));
    await user.click(screen.getByRole("button", { name: "Update, give 1 of 2" }));
    await waitFor(() => expect(location.pathname).toBe("/plugins/w"));
    expect(network.changes().slice(1)).toEqual([
      { route: "POST /api/plugins/w/update", body: { staged: "sha256:bbbb" } },
      { route: "POST /api/plugins/w/consent", body: { digest: "sha256:bbbb", grants: ["GET https://archive.example/**"] } },
    ]);
  });
});
