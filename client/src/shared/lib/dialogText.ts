/**
 * What is being written in the dialog that stands open, this window's own. Signing in again loads the page anew: then
 * the dialog stands open again with the same words in it. One that is closed leaves nothing.
 */
import { useEffect, useState } from "react";
import * as v from "valibot";
import { recall, remember } from "./storage";

/** Dialogs that one writes in. */
export type WritingDialog = "new-project" | "rename-project" | "rename-conversation" | "add-plugin" | "update-plugin";

/** A dialog, and of which thing it is; empty for none. */
export interface DialogPlace {
  readonly dialog: WritingDialog;
  readonly of: string;
}

const KEY = "dialog";
const keptSchema = v.object({ dialog: v.string(), of: v.string(), text: v.string() });

function kept(): v.InferOutput<typeof keptSchema> | null {
  try {
    const parsed = v.safeParse(keptSchema, JSON.parse(recall("session", KEY) ?? "null"));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Of which thing this dialog was open with words in it when the page was left; `null` when it was not. */
export function leftOpen(dialog: WritingDialog): string | null {
  const found = kept();
  return found?.dialog === dialog ? found.of : null;
}

/** The text of an open dialog: what was left in it, else `initial`. */
export function useDialogText({ dialog, of }: DialogPlace, initial: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => (leftOpen(dialog) === of ? (kept()?.text ?? initial) : initial));
  // Storage follows the dialog: only a page that is left while it stands open leaves anything behind.
  useEffect(() => {
    remember("session", KEY, text === initial ? null : JSON.stringify({ dialog, of, text }));
    return () => remember("session", KEY, null);
  }, [dialog, of, text, initial]);
  return [text, setText];
}
