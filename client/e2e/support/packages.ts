/**
 * Plugin packages for tests: one real component, packed with other manifests, so that versions differ in what they ask
 * for. A package is a component with a few custom sections behind it.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const PREAMBLE_BYTES = 8;
const CUSTOM_SECTION = 0;
const OURS = "bricklayer-";

export interface PackageParts {
  manifest: string;
  readme?: string;
  icon?: string;
}

/** The component of `plugins/test-guests/warehouses` with other sections of ours. */
export function packageOf({ manifest, readme, icon }: PackageParts): Buffer {
  const parts: Buffer[] = [componentOnly(packed()), section("bricklayer-manifest", manifest)];
  if (icon !== undefined) parts.push(section("bricklayer-icon", icon));
  if (readme !== undefined) parts.push(section("bricklayer-readme", readme));
  return Buffer.concat(parts);
}

function packed(): Buffer {
  const path = process.env["BRICKLAYER_E2E_PLUGIN"] ?? resolve(import.meta.dirname, "../../../target/xtask/warehouses.wasm");
  if (!existsSync(path)) throw new Error(`there is no ${path}: \`cargo xtask test\` makes it, or name another in BRICKLAYER_E2E_PLUGIN`);
  return readFileSync(path);
}

function componentOnly(file: Buffer): Buffer {
  const kept: Buffer[] = [file.subarray(0, PREAMBLE_BYTES)];
  let at = PREAMBLE_BYTES;
  while (at < file.length) {
    const start = at;
    const id = file[at];
    const size = readLength(file, at + 1);
    at = size.next + size.value;
    const name = id === CUSTOM_SECTION ? readName(file, size.next) : "";
    if (!name.startsWith(OURS)) kept.push(file.subarray(start, at));
  }
  return Buffer.concat(kept);
}

function section(name: string, data: string): Buffer {
  const [title, body] = [Buffer.from(name), Buffer.from(data)];
  const content = Buffer.concat([length(title.length), title, body]);
  return Buffer.concat([Buffer.from([CUSTOM_SECTION]), length(content.length), content]);
}

function readName(file: Buffer, at: number): string {
  const size = readLength(file, at);
  return file.subarray(size.next, size.next + size.value).toString();
}

/** LEB128, as WebAssembly writes lengths. */
function readLength(file: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = file[at] ?? 0;
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return { value, next: at };
}

function length(value: number): Buffer {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value >= 0x80 ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}
