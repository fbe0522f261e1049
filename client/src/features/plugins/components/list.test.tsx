import { cleanup, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { policy, weather, network, show, lists } from "../testing/support";
import { PluginList } from "./PluginList";

describe("the list", () => {
  it("says of each plugin what one wants to know before opening it", async () => {
    show(<PluginList projectId={null} />);
    const row = await screen.findByRole("link", { name: /weather/ });
    for (const words of ["0.2.0", "Active", "Yours", "Unsigned", "Weather of any place.", "1 tool", "has 1 of 3 it asks for", "12 calls this week, 1 error"])
      expect(row.textContent).toContain(words);
    expect(row.getAttribute("href")).toBe("/plugins/w");
    expect(screen.queryByRole("switch")).toBeNull();
  });

  it("puts first what needs somebody, and says why it fails", async () => {
    const failing = { ...weather, id: "z", name: "zebra", status: "failing", problem: "It crashed three times." } as const;
    lists({ plugins: [weather, { ...weather, id: "y", name: "yak", status: "update-waiting" }, failing] });
    show(<PluginList projectId={null} />);
    const rows = await screen.findAllByRole("link");
    expect(rows.map((row) => row.getAttribute("href"))).toEqual(["/plugins/z", "/plugins/y", "/plugins/w"]);
    expect(rows[0]?.textContent).toContain("It crashed three times.");
  });

  it("is empty with a way to begin, and explains where there is none", async () => {
    lists({ plugins: [] });
    show(<PluginList projectId={null} />);
    await screen.findByRole("heading", { name: "No plugins added yet" });
    expect(screen.getByRole("button", { name: "Add plugin" })).toBeTruthy();
    cleanup();
    lists({ plugins: [], policy: { ...policy, may_install: false } });
    show(<PluginList projectId={null} />);
    await screen.findByText(/decides who may add plugins/);
    expect(screen.queryByRole("button", { name: "Add plugin" })).toBeNull();
  });

  it("says that it could not be loaded and tries again", async () => {
    network.on("GET /api/plugins", { status: 500, body: { title: "Broken", detail: "The database is away." } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    expect((await screen.findByRole("alert")).textContent).toContain("The database is away.");
    lists({});
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByRole("link", { name: /weather/ });
  });

  it("is filtered by name and by tool when it is long", async () => {
    const plugins = Array.from({ length: 8 }, (_, at) => ({ ...weather, id: `p${at}`, name: `plugin-${at}`, tools: at === 3 ? weather.tools : [] }));
    lists({ plugins });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    const filter = await screen.findByRole("searchbox", { name: "Filter plugins" });
    await user.type(filter, "forec");
    expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(["/plugins/p3"]);
    await user.clear(filter);
    await user.type(filter, "nothing like it");
    expect(screen.getByText("Nothing matches “nothing like it”.")).toBeTruthy();
  });

  it("switches a plugin off in the project", async () => {
    network.on("GET /api/plugins?project_id=p", { body: { plugins: [weather], policy } }).on("PUT /api/plugins/w/projects/p", () => {
      network.on("GET /api/plugins?project_id=p", { body: { plugins: [{ ...weather, project_enabled: false }], policy } });
      return { body: { ...weather, project_enabled: false } };
    });
    const user = userEvent.setup();
    show(<PluginList projectId="p" />);
    const toggle = await screen.findByRole<HTMLInputElement>("switch", { name: "weather in this project" });
    expect(toggle.checked).toBe(true);
    await user.click(toggle);
    await waitFor(() => expect(toggle.checked).toBe(false));
    expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/projects/p", body: { enabled: false } }]);
  });
});
