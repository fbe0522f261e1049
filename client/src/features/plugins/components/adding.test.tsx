import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { choose, inspected, network, policy, read, show, sql, weather } from "../testing/support";
import { PluginDetail } from "./PluginDetail";
import { PluginList } from "./PluginList";

describe("adding", () => {
  it("sends the file, gives nothing dangerous by itself, and installs with what was chosen", async () => {
    network.on("POST /api/plugins/inspect", { body: inspected }).on("POST /api/plugins", { status: 201, body: { ...weather, id: "n", name: "currency" } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["\0asm"], "currency.wasm"));
    const dialog = within(await screen.findByRole("dialog", { name: "Add currency?" }));
    expect(network.changes()[0]?.body).toBeInstanceOf(FormData);
    expect(dialog.getByText("Signed by acme")).toBeTruthy();
    const checked = (): boolean[] => dialog.getAllByRole<HTMLInputElement>("checkbox").map((box) => box.checked);
    // The workspace in one's own name, reading from a listed host, writing files.
    expect(checked()).toEqual([false, true, false]);
    await user.click(dialog.getByRole("button", { name: "Give all" }));
    expect(checked()).toEqual([true, true, true]);
    await user.click(dialog.getByRole("checkbox", { name: /Change, create/ }));
    expect(dialog.queryByRole("radio", { name: "Everyone" })).toBeNull();
    await user.click(dialog.getByRole("button", { name: "Install, give 2 of 3" }));
    await waitFor(() => expect(location.pathname).toBe("/plugins/n"));
    expect(network.changes()[1]).toEqual({ route: "POST /api/plugins", body: { staged: "sha256:cccc", scope: "me", grants: [read.id, sql.id] } });
  });

  it("for everyone and for one project, where the policy and the page allow it", async () => {
    network
      .on("GET /api/plugins?project_id=p", { body: { plugins: [weather], policy: { ...policy, may_install_for_everyone: true } } })
      .on("POST /api/plugins/inspect", { body: inspected })
      .on("POST /api/plugins", { status: 201, body: { ...weather, id: "n" } });
    const user = userEvent.setup();
    show(<PluginList projectId="p" />);
    await choose(user, new File(["x"], "currency.wasm"));
    await user.click(await screen.findByRole("radio", { name: "Everyone" }));
    await user.click(screen.getByRole("button", { name: /Install/ }));
    await waitFor(() => expect(network.changes()[1]?.body).toEqual({ staged: "sha256:cccc", scope: "everyone", grants: [read.id], project_id: "p" }));
    await waitFor(() => expect(location.pathname).toBe("/projects/p/plugins/n"));
  });

  it("from an address says beside the field why that was not accepted", async () => {
    network.on("POST /api/plugins/inspect", {
      status: 422,
      body: { title: "Invalid", detail: "The request does not fit.", errors: [{ field: "source", message: "add #sha256=<digest>" }] },
    });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await user.click(await screen.findByRole("button", { name: "Add plugin" }));
    await user.click(screen.getByRole("radio", { name: "From an address" }));
    const field = screen.getByRole("textbox", { name: "Address" });
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Look at it" }).disabled).toBe(true);
    await user.type(field, " https://plugins.example/x.wasm {Enter}");
    expect((await screen.findByRole("alert")).textContent).toContain("add #sha256=<digest>");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(network.changes()[0]?.body).toEqual({ source: "https://plugins.example/x.wasm" });
    await user.type(field, "#");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("shows why a package is refused and offers no way to install it", async () => {
    network.on("POST /api/plugins/inspect", {
      body: { ...inspected, refusals: ["It is unsigned, and this host wants a signature."], signature: { status: "unsigned" } },
    });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["x"], "currency.wasm"));
    expect((await screen.findByRole("alert")).textContent).toContain("this host wants a signature");
    expect(screen.queryByRole("button", { name: /Install/ })).toBeNull();
    expect(screen.queryByRole("checkbox")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Back" }));
    expect(screen.getByLabelText("Plugin package")).toBeTruthy();
  });

  it("says that the host did not install it, and lets one try again", async () => {
    network
      .on("POST /api/plugins/inspect", { body: inspected })
      .on("POST /api/plugins", { status: 409, body: { title: "Taken", detail: "There is a plugin of this name." } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["x"], "currency.wasm"));
    await user.click(await screen.findByRole("button", { name: "Install, give 1 of 3" }));
    expect((await screen.findByRole("alert")).textContent).toContain("There is a plugin of this name.");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Install, give 1 of 3" }).disabled).toBe(false);
  });

  it("replaces by another package only what has its name", async () => {
    network.on("POST /api/plugins/inspect", { body: inspected });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Actions for weather" }));
    await user.click(screen.getByRole("menuitem", { name: "Update from elsewhere…" }));
    await user.upload(await screen.findByLabelText("Plugin package"), new File(["x"], "currency.wasm"));
    await user.click(screen.getByRole("button", { name: "Look at it" }));
    expect((await screen.findByRole("alert")).textContent).toContain("another plugin: currency, not weather");
    expect(screen.queryByRole("button", { name: /^Update/ })).toBeNull();
  });
});
