import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { detail, network, show } from "../testing/support";
import { PluginDetail } from "./PluginDetail";

it("a project pins a tool and hides a family", async () => {
  const path = "/api/projects/p/tool_choice";
  detail({}, "p")
    .on(`GET ${path}`, { body: { pinned: [], hidden: ["other"] } })
    .on(`PUT ${path}`, (body) => ({ body }));
  const user = userEvent.setup();
  show(<PluginDetail pluginId="w" projectId="p" tab="tools" />);
  const tool = await screen.findByRole<HTMLSelectElement>("combobox", { name: "forecast in this project" });
  expect(tool.value).toBe("usual");
  await user.selectOptions(tool, "Always offered");
  await waitFor(() => expect(network.changes()).toEqual([{ route: `PUT ${path}`, body: { pinned: ["mcp__databricks__forecast"], hidden: ["other"] } }]));
  await waitFor(() => expect(tool.value).toBe("pinned"));
  await user.selectOptions(screen.getByRole("combobox", { name: "All tools of weather in this project" }), "Hidden");
  await waitFor(() => expect(network.changes()[1]?.body).toEqual({ pinned: ["mcp__databricks__forecast"], hidden: ["other", "weather"] }));
});

it("outside of a project there is no choice", async () => {
  show(<PluginDetail pluginId="w" projectId={null} tab="tools" />);
  await screen.findByText("forecast");
  expect(screen.queryByRole("combobox")).toBeNull();
});
