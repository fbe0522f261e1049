import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { network, show } from "../testing/support";
import { ProjectRules } from "./ProjectRules";

const path = "/api/projects/p/permission_rules";
const drop = { kind: "deny", rule: "execute_sql(drop)" };
const operator = [{ kind: "ask", rule: "execute_sql(grant)" }];

it("the owner adds a rule, mends one that is refused, removes one, and turns the second look off", async () => {
  network.on(`GET ${path}`, { body: { rules: [drop], second_look: true, operator } }).on(`PUT ${path}`, (body) => {
    const { rules } = body as { rules: { rule: string }[] };
    const refused = rules.some(({ rule }) => rule.includes("(") && !rule.endsWith(")"));
    return refused
      ? { status: 422, body: { title: "rule", detail: "the parenthesis is not closed", code: "invalid-field" } }
      : { body: { ...(body as object), operator } };
  });
  const user = userEvent.setup();
  show(<ProjectRules projectId="p" />);
  await user.click(await screen.findByRole("button", { name: "Rules about calls (2)" }));
  expect(screen.getByRole("list", { name: "Rules of this host’s operator" }).textContent).toContain("execute_sql(grant)");
  const text = screen.getByRole<HTMLInputElement>("textbox", { name: "Which calls" });
  await user.type(text, "Write(secrets/**");
  await user.click(screen.getByRole("button", { name: "Add rule" }));
  expect((await screen.findByRole("alert")).textContent).toContain("not closed");
  expect(text.value).toBe("Write(secrets/**");
  await user.type(text, ")");
  await user.selectOptions(screen.getByRole("combobox", { name: "What the rule says" }), "Never");
  await user.click(screen.getByRole("button", { name: "Add rule" }));
  await waitFor(() => expect(text.value).toBe(""));
  const written = { kind: "deny", rule: "Write(secrets/**)" };
  expect(network.changes().at(-1)?.body).toEqual({ rules: [drop, written], second_look: true });
  await user.click(screen.getByRole("button", { name: "Remove the rule execute_sql(drop)" }));
  await waitFor(() => expect(network.changes().at(-1)?.body).toEqual({ rules: [written], second_look: true }));
  await user.click(screen.getByRole("switch"));
  await waitFor(() => expect(network.changes().at(-1)?.body).toEqual({ rules: [written], second_look: false }));
  expect(screen.getByRole("button", { name: "Rules about calls (2)" })).toBeTruthy();
});

it("says that rules could not be loaded, and loads them again", async () => {
  network.on(`GET ${path}`, { status: 503, body: { title: "busy", detail: "try again", code: "unavailable" } });
  show(<ProjectRules projectId="p" />);
  await screen.findByText("Rules about calls could not be loaded");
  network.on(`GET ${path}`, { body: { rules: [], second_look: true, operator: [] } });
  await userEvent.click(screen.getByRole("button", { name: /again/i }));
  await screen.findByRole("button", { name: "Rules about calls" });
});
