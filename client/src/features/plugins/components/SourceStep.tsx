import { useEffect, useId, useRef, useState } from "react";
import { Problem, messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { Said } from "@/shared/ui/Said";
import { Segmented } from "@/shared/ui/Segmented";
import { type PackageInput, useInspect } from "../api/mutations";
import type { Inspection, Policy } from "../api/types";
import { policyWords } from "../model/words";
import { FileDrop } from "./FileDrop";
import styles from "./Install.module.css";

type Way = "file" | "address";

const ways = [
  { value: "file", label: "From this computer" },
  { value: "address", label: "From an address" },
] as const;

interface SourceStepProps {
  policy: Policy;
  /** The address, kept by the dialog. */
  source: string;
  onSource: (source: string) => void;
  onInspected: (inspection: Inspection) => void;
  onClose: () => void;
}

/** Which package. The host reads and checks it; nothing is installed yet. */
export function SourceStep({ policy, source, onSource, onInspected, onClose }: SourceStepProps) {
  const [way, setWay] = useState<Way>(source === "" ? "file" : "address");
  const [file, setFile] = useState<File | null>(null);
  const [manifest, setManifest] = useState<File | null>(null);
  const inspect = useInspect();
  const stop = useRef<AbortController | null>(null);
  const id = useId();
  const place = useRef<HTMLFormElement>(null);
  // The focus begins where one chooses, also on the way back; the request ends with the dialog that asked for it.
  useEffect(() => {
    place.current?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => stop.current?.abort();
  }, []);
  const input = inputOf(way, file, manifest, source);
  const submit = (): void => {
    if (input === null || inspect.isPending) return;
    stop.current = new AbortController();
    inspect.mutate({ input, signal: stop.current.signal }, { onSuccess: onInspected });
  };
  const choose =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      inspect.reset();
      set(value);
    };
  return (
    <form
      ref={place}
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {policy.sources.length > 0 && <Segmented label="Where the package is" value={way} options={ways} onChange={choose(setWay)} />}
      {way === "file" ? (
        <>
          <FileDrop
            label="Plugin package"
            hint="Drop a .wasm file here, or choose one"
            accept=".wasm,application/wasm"
            file={file}
            onChange={choose(setFile)}
            autoFocus
          />
          <details className={styles.more}>
            <summary>It was made for another host</summary>
            <p>A component without a manifest needs one beside it, that names its tools and what they may do.</p>
            <FileDrop
              label="Manifest"
              hint="Drop a .toml file here, or choose one"
              accept=".toml,application/toml,text/plain"
              file={manifest}
              onChange={choose(setManifest)}
              small
            />
          </details>
        </>
      ) : (
        <div className={form.form}>
          <label htmlFor={id} className={form.label}>
            Address
          </label>
          <input
            id={id}
            className={form.input}
            value={source}
            placeholder="oci://registry.example/team/weather:1.2.0"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            maxLength={2_000}
            aria-describedby={`${id}-hint`}
            aria-invalid={inspect.isError}
            onChange={(event) => choose(onSource)(event.target.value)}
          />
          <p id={`${id}-hint`} className={styles.hint}>
            A path on the host, an https address with its digest (<code>https://…/weather.wasm#sha256=…</code>), or a registry (<code>oci://…</code>).
          </p>
        </div>
      )}
      {policyWords(policy).map((words) => (
        <p key={words} className={styles.hint}>
          {words}
        </p>
      ))}
      {inspect.isError && (
        <Notice tone="bad" title={titleOf(inspect.error)}>
          <Said text={messageOf(inspect.error)} />
        </Notice>
      )}
      <div className={form.actions}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={input === null || inspect.isPending}>
          {inspect.isPending ? "Checking…" : "Look at it"}
        </Button>
      </div>
    </form>
  );
}

function inputOf(way: Way, file: File | null, manifest: File | null, source: string): PackageInput | null {
  if (way === "address") return source.trim() === "" ? null : { source: source.trim() };
  if (file === null) return null;
  return manifest === null ? { file } : { file, manifest };
}

/** The answers that are about the package, and not about who asks, how often, or the host. */
const NOT_ACCEPTED: ReadonlySet<number> = new Set([400, 413, 415, 422]);

function titleOf(error: Error): string {
  return error instanceof Problem && NOT_ACCEPTED.has(error.status) ? "This package was not accepted" : "The package could not be looked at";
}
