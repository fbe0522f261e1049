import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { inChat } from "../testing/support";
import { StandingPermissions } from "./StandingPermissions";

afterEach(() => vi.unstubAllGlobals());

const permission = { id: "s1", tool: "mcp__databricks__execute_sql", verb: "DROP TABLE", objects: ["main.sales.orders"], since: "2026-01-01T00:00:00Z" };

/** A host that holds these permissions, and what it was asked to take back. */
function holding(...held: (typeof permission)[]): string[] {
  const revoked: string[] = [];
  vi.stubGlobal("fetch", (path: string, options: RequestInit) => {
    if (options.method === "DELETE") {
      revoked.push(path);
      held.splice(0);
      return Promise.resolve(new Response(null, { status: 204 }));
    }
    const tools = [{ name: permission.tool, title: "Run SQL" }];
    return Promise.resolve(new Response(JSON.stringify(path.startsWith("/api/tools") ? tools : { standing_permissions: held })));
  });
  return revoked;
}

it("standing permissions are counted, listed and taken back", async () => {
  const revoked = holding(permission);
  const user = userEvent.setup();
  render(inChat(<StandingPermissions />));
  await user.click(await screen.findByRole("button", { name: "1 standing permission" }));
  expect(screen.getByRole("dialog", { name: "Standing permissions" }).textContent).toContain("DROP TABLE main.sales.orders");
  expect(await screen.findByText(/^Run SQL ·/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Take back DROP TABLE main.sales.orders" }));
  expect(revoked).toEqual(["/api/projects/p/conversations/c/permissions/s1"]);
  await waitFor(() => expect(screen.queryByRole("button", { name: /standing permission/ })).toBeNull());
});

it("nothing is shown where nothing was given", async () => {
  holding();
  render(inChat(<StandingPermissions />));
  await waitFor(() => expect(screen.queryByRole("button")).toBeNull());
});
