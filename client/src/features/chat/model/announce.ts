/** What is said aloud of a turn: what ran, and at its end how the answer begins. */
import { describeOutcome, titleOf } from "./describeTool";
import { outcomeOf, outcomeWords } from "./outcome";
import type { ProseItem, ToolItem, TurnView } from "./view";

const MAX_SENTENCE = 220;

/** News between two looks at the same turn, in one breath; empty when there are none. */
export function announcement(before: TurnView | undefined, after: TurnView): string {
  const finished = toolsOf(after).filter((tool) => tool.result !== null && wasOpen(before, tool.id));
  const ran = finished.length > MANY ? [`${finished.length} calls ended.`] : finished.map(ranSentence);
  const ended = before?.status === "running" && after.status !== "running" ? [ending(after)] : [];
  return [...ran, ...ended].join(" ");
}

/** More than that at once are counted. */
const MANY = 3;

/** For whoever heard nothing for a while. */
export function stillWorking(turn: TurnView, elapsedMs: number): string {
  const running = toolsOf(turn).findLast((tool) => tool.result === null);
  const what = running === undefined ? "" : ` ${titleOf(running)}${running.status === "waiting" ? " waits for your answer" : " is running"}.`;
  return `Still working, ${Math.round(elapsedMs / 1_000)} seconds.${what}`;
}

function ranSentence(tool: ToolItem): string {
  const word = outcomeWords[outcomeOf(tool)];
  const more = describeOutcome(tool);
  return `${titleOf(tool)}: ${word}${more === "" || more === word ? "" : `, ${more}`}.`;
}

/** A failure is an alert by itself, and says why. */
function ending(turn: TurnView): string {
  if (turn.status === "cancelled") return "Stopped.";
  if (turn.status === "failed") return "Failed.";
  const answer = turn.items.findLast((item): item is ProseItem => item.kind === "text");
  const begins = firstSentence(answer?.text ?? "");
  return begins === "" ? "Answer ready." : `Answer ready: ${begins}`;
}

/** The beginning of what is written, without its marks and its full stop. */
export function firstSentence(markdown: string): string {
  const blocks = markdown.replaceAll(/^(?:```|~~~)[\s\S]*?(?:^(?:```|~~~)|$(?![\s\S]))/gm, "").split(/\n\s*\n/);
  // A heading says less than what stands below it.
  const prose = blocks.filter((block) => !/^\s*#{1,6}\s[^\n]*$/.test(block));
  const paragraph = [...prose, ...blocks].map(plainText).find((block) => block !== "");
  if (paragraph === undefined) return "";
  const sentence = (/^[\s\S]*?[.!?:](?=\s|$)/.exec(paragraph)?.[0] ?? paragraph).replace(/[.:]$/, "");
  return sentence.length > MAX_SENTENCE ? `${sentence.slice(0, MAX_SENTENCE - 1)}…` : sentence;
}

function plainText(block: string): string {
  if (/^\s*\|/.test(block)) return "";
  return block
    .replaceAll(/^\s*(?:#{1,6}|[-*+>]|\d{1,9}[.)])\s+/gm, "")
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/(\*\*|__|\*|~~|`)(?=\S)([\s\S]*?\S)\1/g, "$2")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function toolsOf(turn: TurnView): ToolItem[] {
  return turn.items.filter((item): item is ToolItem => item.kind === "tool");
}

/** A call that nobody saw running is old news, unless it began and ended between two looks. */
function wasOpen(before: TurnView | undefined, id: string): boolean {
  if (before === undefined) return false;
  const earlier = before.items.find((item) => item.kind === "tool" && item.id === id);
  return earlier === undefined ? before.status === "running" : earlier.kind === "tool" && earlier.result === null;
}
