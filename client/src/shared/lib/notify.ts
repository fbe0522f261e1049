/** Notifications of the system, for who asked for them. */
import { plainName } from "./plainSight";

interface Note {
  title: string;
  text: string;
  /** A newer one of the same tag takes its place; several windows show one. */
  tag: string;
  onPress: () => void;
}

/** `default`: nobody was asked yet. `denied` also where the browser has none. */
export function notificationState(): NotificationPermission {
  return typeof Notification === "undefined" ? "denied" : Notification.permission;
}

export async function askForNotifications(): Promise<NotificationPermission> {
  return typeof Notification === "undefined" ? "denied" : Notification.requestPermission();
}

export function notify({ title, text, tag, onPress }: Note): void {
  if (notificationState() !== "granted") return;
  try {
    const note = new Notification(plainName(title), { body: text, tag });
    note.addEventListener("click", () => {
      window.focus();
      note.close();
      onPress();
    });
  } catch {
    // Phones only take them from a service worker: then there is the title.
  }
}
