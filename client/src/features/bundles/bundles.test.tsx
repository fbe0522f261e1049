import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BundlePlace } from "@/shared/lib/links";
import { reads } from "./api/tools";
import { BundleDetail } from "./components/BundleDetail";
import { BundlesView } from "./components/BundlesView";
import { MakeBundle } from "./components/MakeBundle";
import { type Host, finding, jobs, plan, playHost, show, validation } from "./testing/support";

let host: Host;
beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
  sessionStorage.clear();
  history.replaceState(null, "", "/projects/p/bundles?folder=etl");
  host = playHost();
  host.tools[reads.validate] = { structured: validation };
  host.tools[reads.plan] = { structured: plan };
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const place = (at: Partial<BundlePlace>): BundlePlace => ({ folder: "etl", target: null, tab: null, file: null, line: null, ...at });

describe("the bundles of a project", () => {
  it("are listed by their names, and one can be made where there is none", async () => {
    const { unmount } = show(<BundlesView projectId="p" />);
    const link = await screen.findByRole("link", { name: /^etl/ });
    expect(link.getAttribute("href")).toBe("/projects/p/bundles?folder=etl");
    expect(link.textContent).toContain("3 files");
    unmount();
    host.files = {};
    show(<BundlesView projectId="p" />);
    await screen.findByRole("heading", { name: "No bundles here yet" });
    expect(screen.getByRole("link", { name: "Make a bundle" }).getAttribute("href")).toBe("/projects/p/bundles?new");
  });

  it("that are gone are said to be gone", async () => {
    show(<BundleDetail projectId="p" at={place({ folder: "other" })} />);
    await screen.findByRole("heading", { name: "This bundle is not here" });
  });
});

describe("a bundle", () => {
  it("is checked for its default target, and tells what was found at its line, as text", async () => {
    host.tools[reads.validate] = { structured: { ...validation, findings: [finding], warnings: 1 } };
    show(<BundleDetail projectId="p" at={place({ tab: "files", file: finding.file, line: 3 })} />);
    await screen.findByText("Can be deployed: 1 warning");
    expect(host.asked).toContain(`${reads.validate} {"bundle_path":"etl","target":"dev"}`);
    const words = await screen.findByText(/is not known here <img/);
    expect(document.querySelector("img")).toBeNull();
    const row = words.closest("tr")?.previousElementSibling;
    expect([row?.getAttribute("data-line"), row?.getAttribute("aria-current")]).toEqual(["3", "location"]);
    expect(screen.getByRole("link", { name: /jobs\.yml/ }).textContent).toContain("1 finding");
  });

  it("has words mended by a command of a conversation", async () => {
    host.tools[reads.validate] = { structured: { ...validation, findings: [finding], warnings: 1 } };
    show(<BundleDetail projectId="p" at={place({ tab: "findings" })} />);
    await userEvent.click(await screen.findByRole("button", { name: "Mend 1 word" }));
    await waitFor(() => expect(location.pathname).toBe("/projects/p/c/c"));
    expect(host.begun).toEqual(['/repair_bundle {"bundle_path":"etl","target":"dev"}']);
  });

  it("tells what changed since it was first shown", async () => {
    const { client } = show(<BundleDetail projectId="p" at={place({ file: "etl/resources/jobs.yml" })} />);
    await screen.findByText(/^Nothing changed since/);
    host.files = {
      "etl/databricks.yml": host.files["etl/databricks.yml"] ?? "",
      "etl/resources/jobs.yml": `${jobs}        - {task_key: sum}\n`,
      "etl/new.py": "y = 2\n",
    };
    await client.invalidateQueries();
    await screen.findByText(/^3 files changed since/);
    const tree = within(screen.getByRole("navigation", { name: "Files of the bundle" }));
    expect(tree.getAllByText(/^(?:new|changed|deleted)$/).map(({ textContent }) => textContent)).toEqual(["changed", "deleted", "new"]);
    await userEvent.click(screen.getByRole("radio", { name: "Changes" }));
    const changes = await screen.findByRole("group", { name: "Changes in resources/jobs.yml" });
    expect(
      within(changes)
        .getByText(/task_key: sum/)
        .closest("tr")?.textContent,
    ).toContain("added: ");
    await userEvent.click(screen.getByRole("button", { name: "Compare from now on" }));
    await screen.findByText(/^Nothing changed since/);
  });

  it("draws its tasks as the files have them", async () => {
    show(<BundleDetail projectId="p" at={place({ tab: "tasks" })} />);
    expect((await screen.findByRole("list", { name: "Tasks of nightly" })).textContent).toBe("loadnotebook load.py");
  });
});

describe("the plan", () => {
  it("tells what is lost first, and is carried out by a conversation", async () => {
    show(<BundleDetail projectId="p" at={place({ tab: "plan" })} />);
    await screen.findByRole("region", { name: "Deleted" });
    expect(
      screen
        .getAllByRole("region")
        .map((region) => region.getAttribute("aria-label"))
        .filter(Boolean),
    ).toEqual(["Deleted", "Changed"]);
    expect(screen.getByRole("region", { name: "Changed" }).textContent).toContain("Changed fields:tasks[0].notebook_taskChanged by others:schedule");
    expect(screen.getByText("schemas.old", { selector: "code bdi" })).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Deploy to dev" }));
    await waitFor(() => expect(host.begun).toHaveLength(1));
    expect(host.begun[0]).toContain('"task_type":"deployment"');
  });

  it("of a production target says so, and one that is refused cannot be carried out", async () => {
    host.tools[reads.plan] = { structured: { ...plan, target: "prod", ok: false, refusals: ["somebody else deploys"] } };
    show(<BundleDetail projectId="p" at={place({ tab: "plan", target: "prod" })} />);
    await screen.findByText("Somebody else deploys.");
    expect(screen.getByText("Production mode")).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Deploy to prod" }).disabled).toBe(true);
  });

  it.each([
    [
      { failure: { kind: "unauthenticated", message: "token expired", remedy: null } },
      "The plan could not be made: the workspace refused the credential",
      /Sign in again/,
    ],
    [{ failure: { kind: "upstream", message: "no answer", remedy: "start the workspace" } }, /could not be reached/, "No answer. Start the workspace."],
    [{ status: 409, code: "not-read-only" }, /This call changes something|this call changes something/, /Ask for it in a conversation/],
    [{ status: 404, code: "not-found" }, "The plan could not be made", /switched off for this project/],
    [{ structured: { plan_id: 3 } }, "The plan could not be made", /Reload the page/],
  ])("that did not come says why and what to do: %j", async (answer, title, words) => {
    host.tools[reads.plan] = answer;
    show(<BundleDetail projectId="p" at={place({ tab: "plan" })} />);
    await screen.findByText(title);
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });
});

describe("what the workspace refuses", () => {
  it.each([
    ["findings", reads.validate],
    ["plan", reads.plan],
    ["resources", reads.summary],
  ])("is said once, at the head of the page: %s", async (tab, tool) => {
    const failure = { kind: "upstream", message: "no answer", remedy: null };
    host.tools = { [reads.validate]: { failure }, [tool]: { failure } };
    show(<BundleDetail projectId="p" at={place({ tab })} />);
    await screen.findByText("Not known, for the reason above.");
    expect(screen.getAllByRole("alert")).toHaveLength(1);
  });
});

describe("the parts of a new bundle", () => {
  beforeEach(() => {
    host.tools[reads.jobs] = {
      structured: {
        jobs: [
          { job_id: 7, name: "Nightly load" },
          { job_id: 8, name: "Report" },
        ],
        complete: false,
      },
    };
    host.tools[reads.pipelines] = { structured: { pipelines: [], complete: true } };
    host.tools[reads.folder] = {
      structured: {
        objects: [
          { path: "/Shared", object_type: "DIRECTORY" },
          { path: "/run", object_type: "NOTEBOOK", language: "SQL" },
        ],
        more: false,
      },
    };
  });
  const names = (): string[] => screen.getAllByRole("treeitem").map(({ textContent }) => textContent);

  it("are picked by keyboard", async () => {
    const user = userEvent.setup();
    show(<MakeBundle projectId="p" />);
    await screen.findByRole("treeitem", { name: /Nightly load/ });
    expect(names()).toEqual([
      "Jobs2+",
      "Nightly load7",
      "Report8",
      expect.stringContaining("There are more"),
      "Pipelines0",
      "Folders and notebooks2",
      "Shared",
      "runSQL",
    ]);
    screen.getByRole("treeitem", { name: /^Jobs/ }).focus();
    await user.keyboard("{ArrowDown} {ArrowDown} ");
    await screen.findByText("2 things picked");
    await user.keyboard("{End} ");
    expect(document.activeElement?.textContent).toBe("runSQL");
    expect(document.activeElement?.getAttribute("aria-checked")).toBe("true");
    await user.keyboard("s{ArrowRight}");
    await waitFor(() => expect(host.asked).toContain(`${reads.folder} {"path":"/Shared","limit":1000}`));
    await user.keyboard("{Home}{ArrowLeft}");
    expect(screen.queryByRole("treeitem", { name: /Nightly load/ })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Make bundle" }));
    await waitFor(() => expect(host.begun).toEqual(['/generate_bundle {"bundle_name":"nightly_load","file_paths":["/run"],"job_ids":[7,8]}']));
  });

  it("need a name that is one, and is free", async () => {
    const user = userEvent.setup();
    show(<MakeBundle projectId="p" />);
    await user.click(await screen.findByRole("treeitem", { name: /Report/ }));
    const field = screen.getByRole<HTMLInputElement>("textbox", { name: "Name of the bundle" });
    expect(field.value).toBe("report");
    await user.clear(field);
    await user.type(field, "2 words");
    expect(screen.getByRole("alert").textContent).toContain("beginning with a letter");
    await user.clear(field);
    await user.type(field, "etl");
    expect(screen.getByRole("alert").textContent).toContain("a folder of that name already");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Make bundle" }).disabled).toBe(true);
    await user.click(screen.getByRole("button", { name: "Leave out Report" }));
    await screen.findByText("Nothing is picked yet");
  });

  it("that cannot be listed say why, and are asked for again", async () => {
    host.tools[reads.jobs] = { failure: { kind: "permission-denied", message: "no right to list jobs", remedy: null } };
    show(<MakeBundle projectId="p" />);
    const failed = await screen.findByRole("treeitem", { name: /The workspace says that you may not do this: No right to list jobs\./ });
    host.tools[reads.jobs] = { structured: { jobs: [{ job_id: 7, name: "Nightly load" }], complete: true } };
    await userEvent.click(failed);
    await screen.findByRole("treeitem", { name: /Nightly load/ });
  });
});
