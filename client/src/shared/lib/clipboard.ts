import { toast } from "@/shared/ui/toast";

/** Copies and says so; where the clipboard is not allowed (plain http on another host) it says that instead. */
export function copyText(text: string, what = "Copied"): void {
  const write = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  write.then(
    () => toast(what),
    () => toast("Your browser did not allow copying"),
  );
}
