import { useEffect, useState } from "react";

/** What was written, once nothing more is written for a moment. */
export function useSettled(value: string, afterMs: number): string {
  const [settled, setSettled] = useState(value);
  // A clock is of the world outside.
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}
