import { useState } from "react";
import { askForNotifications, notificationState } from "@/shared/lib/notify";
import { toast } from "@/shared/ui/toast";
import { IconButton } from "@/shared/ui/IconButton";

/** Offers a notification for when a conversation waits or ends while nobody looks; the browser asks, once. */
export function NotifyMe() {
  const [state, setState] = useState(notificationState);
  if (state !== "default") return null;
  const ask = async (): Promise<void> => {
    const answer = await askForNotifications();
    setState(answer);
    if (answer === "granted") toast("You will be told when a conversation waits for you or ends");
  };
  return <IconButton icon="bell" size="s" label="Notify me when a conversation waits for me or ends" onClick={() => void ask()} />;
}
