import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { type Answer, detail, lists, network, policy, read, show, sql, weather, write } from "../testing/support";
import { PluginDetail } from "./PluginDetail";

describe("powers", () => {
  it("are given for every project with one press, and a second press builds on the first", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) =>
      options.method === "PUT"
        ? new Promise<Response>((done) => answers.push(() => done(new Response("{}")))).then((response) => (network.fetch(path, options), response))
        : network.fetch(path, options),
    );
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    const one = await screen.findByRole<HTMLInputElement>("switch", { name: "Give: POST your workspace" });
    await user.click(one);
    expect(one.checked).toBe(true);
    await user.click(screen.getByRole("switch", { name: /Change, create/ }));
    answers.shift()?.({});
    await waitFor(() => expect(answers).toHaveLength(1));
    answers.shift()?.({});
    await waitFor(() => expect(network.changes().map(({ body }) => body)).toEqual([{ grants: [read.id, sql.id] }, { grants: [read.id, sql.id, write.id] }]));
  });

  it("are given although the page still shows what the list knew", async () => {
    const pending: ((response: Response) => void)[] = [];
    vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) =>
      path === "/api/plugins/w" && options.method === "GET"
        ? new Promise<Response>((done, fail) => {
            pending.push(done);
            options.signal?.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
          })
        : network.fetch(path, options),
    );
    network.on("PUT /api/plugins/w/grants", { body: weather });
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    client.setQueryData(["plugins", "list", null], { plugins: [weather], policy });
    render(
      <QueryClientProvider client={client}>
        <PluginDetail pluginId="w" projectId={null} tab={null} />
      </QueryClientProvider>,
    );
    const user = userEvent.setup();
    await user.click(screen.getByRole("switch", { name: "Give: POST your workspace" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/grants", body: { grants: [read.id, sql.id] } }]));
    expect(screen.getByRole<HTMLInputElement>("switch", { name: "Give: POST your workspace" }).checked).toBe(true);
  });

  it("show again what the host says when a change is refused", async () => {
    network.on("PUT /api/plugins/w/grants", { status: 403, body: { title: "No", detail: "Only administrators may give this." } });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    const toggle = await screen.findByRole<HTMLInputElement>("switch", { name: "Give: POST your workspace" });
    await user.click(toggle);
    await screen.findByText("Only administrators may give this.");
    await waitFor(() => expect(toggle.checked).toBe(false));
  });

  it("are given for one project alone", async () => {
    network.on("PUT /api/plugins/w/grants", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId="p" tab={null} />);
    const choice = within(await screen.findByRole("radiogroup", { name: "POST your workspace" }));
    expect(choice.getByRole<HTMLInputElement>("radio", { name: "Not given" }).checked).toBe(true);
    await user.click(choice.getByRole("radio", { name: "This project" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/grants", body: { grants: [sql.id], project_id: "p" } }]));
  });

  it("are taken back in one project without touching the others", async () => {
    detail({ requests: [read, { ...sql, given: "project" }, write] }, "p").on("PUT /api/plugins/w/grants", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId="p" tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Take back for this project" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/grants", body: { grants: [], project_id: "p" } }]));
    expect(screen.getByRole("button", { name: "Give all for this project" })).toBeTruthy();
  });

  it("are words only, for who may not give them", async () => {
    detail({ can_manage: false, scope: "everyone" });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await screen.findByText("Given for every project");
    expect(screen.getAllByText("Not given")).toHaveLength(2);
    expect(screen.queryByRole("switch")).toBeNull();
    expect(screen.queryByRole("button", { name: "Check for update" })).toBeNull();
  });

  it("of everybody's plugin can be given in one's own project, not everywhere", async () => {
    network.on("GET /api/plugins?project_id=p", { body: { plugins: [], policy } });
    detail({ can_manage: false, scope: "everyone" }, "p");
    show(<PluginDetail pluginId="w" projectId="p" tab={null} />);
    const choice = within(await screen.findByRole("radiogroup", { name: "POST your workspace" }));
    expect(choice.getAllByRole<HTMLInputElement>("radio").map(({ value }) => value)).toEqual(["no", "project"]);
    expect(screen.queryByRole("radiogroup", { name: read.words })).toBeNull();
  });
});

describe("a power that somebody came for", () => {
  it("has the focus and says why, until it is given", async () => {
    show(<PluginDetail pluginId="w" projectId={null} tab={null} power={sql.id} />);
    const note = await screen.findByText("a call was refused this");
    expect(document.activeElement).toBe(note.closest("li"));
    cleanup();
    detail({ requests: [read, { ...sql, given: "everywhere" }, write] });
    lists({ plugins: [] });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} power={sql.id} />);
    await waitFor(() => expect(document.activeElement?.textContent).toContain("/api/2.0/sql/statements"));
    expect(screen.queryByText("a call was refused this")).toBeNull();
  });

  it("and that this version does not ask for is said to be so", async () => {
    show(<PluginDetail pluginId="w" projectId={null} tab={null} power="state" />);
    expect((await screen.findByText("It does not ask for that any more")).closest("[role=status]")?.textContent).toContain("state");
  });
});
