import { copyText } from "@/shared/lib/clipboard";
import { IconButton } from "./IconButton";

export function CopyButton({ text, label = "Copy", className }: { text: string; label?: string; className?: string | undefined }) {
  return <IconButton icon="copy" size="s" label={label} className={className} onClick={() => copyText(text)} />;
}
