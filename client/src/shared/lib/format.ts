/** Numbers and times as people read them. */

export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  const minutes = Math.floor(ms / 60_000);
  return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

export function plural(count: number, singular: string, several = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : several}`;
}

/** Millionths of a US dollar: dollars and cents, and below a dime two digits that say something. */
export function formatCost(microUsd: number): string {
  const dollars = microUsd / 1_000_000;
  if (dollars >= 1) return `$${dollars.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  if (dollars > 0 && dollars < 0.0001) return "< $0.0001";
  const digits = dollars === 0 ? 2 : Math.max(2, 1 - Math.floor(Math.log10(dollars)));
  return `$${dollars.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1_024;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const steps: readonly [limitMs: number, unitMs: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3_600_000, 60_000, "minute"],
  [86_400_000, 3_600_000, "hour"],
  [7 * 86_400_000, 86_400_000, "day"],
];

/** "21 Nov, 14:03:12", on this machine's clock; of another year with the year. */
export function formatMoment(iso: string, nowMs: number): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  const sameYear = then.getFullYear() === new Date(nowMs).getFullYear();
  const day = then.toLocaleDateString("en", { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
  return `${day}, ${then.toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })}`;
}

/** "3 minutes ago"; older than a week is a date. */
export function formatAgo(iso: string, nowMs: number): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return "";
  const age = Math.max(0, nowMs - then);
  if (age < 60_000) return "just now";
  for (const [limit, unitMs, unit] of steps) {
    if (age < limit) return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(age / unitMs), unit);
  }
  return new Date(then).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

/** The host's remarks begin small and have no full stop, to be part of other sentences; alone they are one. */
export function sentence(said: string): string {
  const text = said.trim();
  // A name keeps its beginning: only what is plainly a word gets a capital.
  const begun = /^[a-z]+[\s,:;]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
