// Renders the OpenAPI document and lets one try each operation. No dependencies, no network but this server's.
"use strict";

const METHODS = ["get", "post", "patch", "put", "delete"];
const PREVIEW_CHARS = 200000;

function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function resolve(api, schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.split("/").slice(1).reduce((value, key) => value && value[key], api) || {};
}

function typeOf(api, schema) {
  const resolved = resolve(api, schema);
  if (schema && schema.$ref) return schema.$ref.split("/").pop();
  if (resolved.enum) return resolved.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (resolved.oneOf) return resolved.oneOf.map((part) => typeOf(api, part)).join(" | ");
  if (resolved.type === "array") return typeOf(api, resolved.items) + "[]";
  const type = Array.isArray(resolved.type) ? resolved.type.join(" | ") : resolved.type || "object";
  return resolved.format ? type + " (" + resolved.format + ")" : type;
}

function properties(api, schema) {
  const resolved = resolve(api, schema);
  const parts = resolved.allOf || [resolved];
  const all = {};
  for (const part of parts) Object.assign(all, resolve(api, part).properties || {});
  const required = new Set(parts.flatMap((part) => resolve(api, part).required || []));
  return Object.entries(all).map(([name, value]) => ({ name, schema: value, required: required.has(name) }));
}

function fieldTable(api, rows, caption) {
  if (rows.length === 0) return null;
  const body = element("tbody", {});
  for (const row of rows) {
    const description = row.description || resolve(api, row.schema).description || "";
    body.append(element("tr", {},
      element("td", {}, row.name + (row.required ? " *" : "")),
      element("td", {}, typeOf(api, row.schema)),
      element("td", {}, description)));
  }
  return element("table", {}, element("caption", { className: "summary" }, caption), body);
}

function example(api, schema, depth) {
  const resolved = resolve(api, schema);
  const type = Array.isArray(resolved.type) ? resolved.type[0] : resolved.type;
  if (resolved.enum) return resolved.enum[0];
  if (type === "string") return resolved.format === "uuid" ? "00000000-0000-0000-0000-000000000000" : "";
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return false;
  if (type === "array") return [];
  if (depth > 3) return {};
  const value = {};
  for (const field of properties(api, schema)) if (field.required) value[field.name] = example(api, field.schema, depth + 1);
  return value;
}

async function send(method, path, inputs, bodyText, output, signal) {
  const query = new URLSearchParams();
  let address = path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") {
      const encoded = input.value.split("/").map(encodeURIComponent).join("/");
      address = address.replace("{" + parameter.name + "}", encoded);
    } else if (input.value !== "") query.set(parameter.name, input.value);
  }
  if ([...query].length > 0) address += "?" + query;
  const init = { method: method.toUpperCase(), signal, headers: {} };
  if (bodyText !== null && bodyText.trim() !== "") {
    init.headers["content-type"] = "application/json";
    init.body = bodyText;
  }
  output.textContent = init.method + " " + address + "\n";
  const response = await fetch(address, init);
  output.textContent += "HTTP " + response.status + " " + (response.headers.get("content-type") || "") + "\n\n";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    if (text.length > PREVIEW_CHARS) {
      text = text.slice(0, PREVIEW_CHARS) + "\n… cut";
      await reader.cancel();
      break;
    }
    if ((response.headers.get("content-type") || "").startsWith("text/event-stream")) output.lastChild.data = header(output) + text;
  }
  if ((response.headers.get("content-type") || "").includes("json")) {
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
  }
  output.textContent = header(output) + text;
}

function header(output) {
  return output.textContent.split("\n\n")[0] + "\n\n";
}

function tryForm(api, method, path, operation) {
  const inputs = (operation.parameters || []).map((parameter) => {
    const input = element("input", { name: parameter.name, required: parameter.in === "path", size: 40 });
    return { parameter, input };
  });
  const json = operation.requestBody && operation.requestBody.content["application/json"];
  const body = json ? element("textarea", { value: JSON.stringify(example(api, json.schema, 0), null, 2), spellcheck: false }) : null;
  if (body) body.setAttribute("aria-label", "Request body");
  const output = element("pre", { hidden: true, tabIndex: 0 });
  let running = null;
  const stop = element("button", { type: "button", className: "plain", hidden: true }, "Stop");
  stop.addEventListener("click", () => running && running.abort());
  const form = element("form", {},
    ...inputs.map(({ parameter, input }) => element("p", {}, element("label", {}, parameter.name + " ", input))),
    body, element("p", {}, element("button", { type: "submit" }, "Send"), " ", stop), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running = new AbortController();
    output.hidden = false;
    stop.hidden = false;
    try {
      await send(method, path, inputs, body ? body.value : null, output, running.signal);
    } catch (error) {
      output.append("\n" + error);
    }
    stop.hidden = true;
  });
  return form;
}

function operationView(api, method, path, operation) {
  const json = operation.requestBody && operation.requestBody.content["application/json"];
  const answers = Object.entries(operation.responses || {}).map(([status, answer]) => {
    const content = Object.values(answer.content || {})[0];
    return { name: status, schema: content ? content.schema : { type: "" }, description: answer.description };
  });
  const inside = element("div", {});
  const view = element("details", { className: "operation", id: operation.operationId },
    element("summary", {},
      element("span", { className: "method" }, method.toUpperCase()),
      element("span", { className: "path" }, path),
      element("span", { className: "summary" }, operation.summary || "")),
    inside);
  view.addEventListener("toggle", () => {
    if (!view.open || inside.childElementCount > 0) return;
    inside.append(...[
      operation.description ? element("p", {}, operation.description) : null,
      fieldTable(api, operation.parameters || [], "Parameters"),
      json ? fieldTable(api, properties(api, json.schema), "Body") : null,
      fieldTable(api, answers, "Answers"),
      tryForm(api, method, path, operation),
    ].filter(Boolean));
  });
  view.dataset.words = [method, path, operation.operationId, operation.summary].join(" ").toLowerCase();
  return view;
}

function render(api) {
  document.getElementById("title").textContent = api.info.title + " API " + api.info.version;
  document.getElementById("description").textContent = api.info.description || "";
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const tag of api.tags || []) {
    const section = element("section", {}, element("h2", {}, tag.name), element("p", { className: "summary" }, tag.description || ""));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of METHODS) {
        const operation = item[method];
        if (operation && (operation.tags || []).includes(tag.name)) section.append(operationView(api, method, path, operation));
      }
    }
    main.append(section);
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const word = event.target.value.toLowerCase();
    for (const view of main.querySelectorAll(".operation")) view.hidden = !view.dataset.words.includes(word);
  });
}

fetch("/openapi.json")
  .then((response) => response.json())
  .then(render)
  .catch((error) => { document.getElementById("operations").textContent = "The API document cannot be read: " + error; });
