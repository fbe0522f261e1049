/** Browser storage that may be full, forbidden or absent: then nothing is remembered and nothing breaks. */
export function remember(area: "local" | "session", key: string, value: string | null): void {
  try {
    const storage = area === "local" ? localStorage : sessionStorage;
    if (value === null || value === "") storage.removeItem(`bricklayer.${key}`);
    else storage.setItem(`bricklayer.${key}`, value);
  } catch {
    // Remembering is a convenience.
  }
}

export function recall(area: "local" | "session", key: string): string | null {
  try {
    return (area === "local" ? localStorage : sessionStorage).getItem(`bricklayer.${key}`);
  } catch {
    return null;
  }
}
