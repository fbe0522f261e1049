import { useState } from "react";
import { recall, remember } from "@/shared/lib/storage";

/** What is being written in a conversation; a reload or a look elsewhere does not lose it. */
export function useDraft(key: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState(() => ({ key, text: recall("session", `draft.${key}`) ?? "" }));
  const text = draft.key === key ? draft.text : (recall("session", `draft.${key}`) ?? "");
  const write = (next: string): void => {
    remember("session", `draft.${key}`, next);
    setDraft({ key, text: next });
  };
  return [text, write];
}
