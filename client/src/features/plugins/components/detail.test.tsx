import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";
import type { AuditEntry } from "../api/types";
import { weather, network, show, detail } from "../testing/support";
import { PluginDetail } from "./PluginDetail";

// Drawing READMEs is a part of the page that comes by itself; a test does not wait for it on a busy machine.
beforeAll(() => import("@/shared/markdown/Rendered"), 30_000);

describe("a plugin", () => {
  it("shows its tools with what they take, and the schema itself on demand", async () => {
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab="tools" />);
    const tool = await screen.findByRole("button", { name: /forecast/ });
    for (const words of ["only reads", "asks first", "Forecasts the weather."]) expect(tool.textContent).toContain(words);
    expect(tool.textContent).not.toContain("Day by day");
    await user.click(tool);
    const row = screen.getByRole("row", { name: /place/ });
    for (const words of ["required", "text", "A city."]) expect(row.textContent).toContain(words);
    await user.click(screen.getByRole("button", { name: "JSON Schema" }));
    expect(screen.getByRole("group", { name: "schema code" }).textContent).toContain('"type": "object"');
  });

  it("is left and reached by tabs with the arrow keys", async () => {
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab="powers" />);
    (await screen.findByRole("tab", { name: /Powers/ })).focus();
    await user.keyboard("{ArrowLeft}");
    expect(location.search).toBe("?tab=about");
    await user.keyboard("{Home}");
    expect(location.search).toBe("?tab=powers");
  });

  it("tells what it did, marks what was denied, and shows older records on demand", async () => {
    const entry: AuditEntry = {
      at: "2026-01-01T00:00:00Z",
      kind: "request",
      user: "dana",
      tool: "forecast",
      outcome: "answered",
      powers: [],
      digest: "d",
      method: "GET",
      host: "api.weather.example",
      path: "/v1/now",
      status: 200,
      bytes_sent: 0,
      bytes_received: 2_048,
      duration_ms: 31,
    };
    network
      .on("GET /api/plugins/w/audit?limit=50", {
        body: { records: [entry, { ...entry, outcome: "denied", host: "evil.example", path: "/", status: null }], next: "n1" },
      })
      .on("GET /api/plugins/w/audit?limit=50&cursor=n1", { body: { records: [{ ...entry, kind: "call", outcome: "ok", method: null }] } })
      .on("GET /api/plugins/w/audit?limit=50&kind=change", { body: { records: [] } });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab="activity" />);
    const denied = await screen.findByRole("row", { name: /evil\.example/ });
    expect(denied.textContent).toContain("denied");
    expect(screen.getByText("it answered 503")).toBeTruthy();
    const sent = screen.getByRole("row", { name: /api\.weather\.example\/v1\/now/ });
    for (const words of ["GET", "200", "2.0 KB", "31 ms"]) expect(sent.textContent).toContain(words);
    await user.click(screen.getByRole("button", { name: "Show older" }));
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(4));
    expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
    await user.click(screen.getByRole("radio", { name: "Changes" }));
    await screen.findByText("Nothing was changed.");
  });

  it("shows its README without anything that could run or load", async () => {
    network.on("GET /api/plugins/w/readme", {
      text: "# Hello\n\n<img src=x onerror=alert(1)>\n\n![p](https://track.example/p.png) [home](javascript:alert(1))",
    });
    detail({ homepage: "javascript:alert(1)" });
    const { container } = show(<PluginDetail pluginId="w" projectId={null} tab="about" />);
    await screen.findByRole("heading", { name: "Hello" });
    expect(container.querySelectorAll("img, script, [href^='javascript']")).toHaveLength(0);
    expect(screen.getByText("sha256:aaaa")).toBeTruthy();
  });

  it("that is gone says so", async () => {
    network.on("GET /api/plugins/w", { status: 404, body: { title: "Not found" } });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await screen.findByText("This plugin is not here");
  });

  it("is removed after a question that says what goes with it", async () => {
    network.on("DELETE /api/plugins/w", { status: 204 });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Actions for weather" }));
    await user.click(screen.getByRole("menuitem", { name: "Remove…" }));
    const dialog = screen.getByRole("dialog", { name: "Remove weather?" });
    expect(dialog.textContent).toContain("1 tool of the agent");
    expect(document.activeElement).toBe(within(dialog).getByRole("button", { name: "Keep" }));
    await user.click(within(dialog).getByRole("button", { name: "Remove plugin" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "DELETE /api/plugins/w", body: undefined }]));
  });

  it("goes back to the version before", async () => {
    network.on("POST /api/plugins/w/rollback", { body: { ...weather, version: "0.1.0" } });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Actions for weather" }));
    await user.click(screen.getByRole("menuitem", { name: "Roll back to 0.1.0…" }));
    await user.click(screen.getByRole("button", { name: "Go back to 0.1.0" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(network.changes()).toEqual([{ route: "POST /api/plugins/w/rollback", body: undefined }]);
  });

  it.each([
    ["shipped", "shipped"],
    ["sent as a file", "upload"],
  ])("%s has no source to ask for an update", async (_, source) => {
    detail({ source, scope: source === "shipped" ? "shipped" : "mine", can_manage: source !== "shipped" });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await screen.findByRole("heading", { name: "weather" });
    expect(screen.queryByRole("button", { name: "Check for update" })).toBeNull();
  });
});
