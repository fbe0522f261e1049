/**
 * A scripted model behind the real Anthropic wire, so that a test decides what is said and when.
 * Only the far end is played: the host in between is the real one.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Step =
  /** `piece`: characters of one delta. */
  | { say: string; piece?: number }
  | { think: string }
  | { call: string; input: unknown }
  /** Nothing more is sent until the test lets go. */
  | { hold: true };

/** What the model does with a conversation whose last message is `message`; `results` are the tool results since. */
export type Script = (message: string, results: number) => readonly Step[] | { status: number; error: string };

const USUAL_PIECE = 9;

export interface Model {
  readonly environment: Record<string, string>;
  /** Lets every held answer go on, now and from now on until `holdAgain`. */
  release: () => void;
  holdAgain: () => void;
  stop: () => Promise<void>;
}

/** On a free port, unless one is named. */
export async function startModel(script: Script, port = 0): Promise<Model> {
  const gate = new Gate();
  const server = createServer((request, response) => {
    answer(request, response, script, gate).catch(() => response.destroy());
  });
  await new Promise<void>((ready) => server.listen(port, "127.0.0.1", ready));
  const address = server.address() as AddressInfo;
  return {
    environment: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${address.port}`, ANTHROPIC_AUTH_TOKEN: "for-tests-only", ANTHROPIC_MODEL: "scripted" },
    release: () => gate.open(),
    holdAgain: () => gate.close(),
    stop: () => close(server),
  };
}

class Gate {
  #open = false;
  #waiting: (() => void)[] = [];

  open(): void {
    this.#open = true;
    for (const go of this.#waiting.splice(0)) go();
  }

  close(): void {
    this.#open = false;
  }

  async pass(): Promise<void> {
    if (!this.#open) await new Promise<void>((go) => this.#waiting.push(go));
  }
}

interface Message {
  role: string;
  content: string | { type: string; text?: string }[];
}

async function answer(request: IncomingMessage, response: ServerResponse, script: Script, gate: Gate): Promise<void> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const { messages } = JSON.parse(body) as { messages: Message[] };
  const { message, results } = situation(messages);
  const steps = script(message, results);
  if ("status" in steps) {
    response.writeHead(steps.status, { "content-type": "application/json" });
    response.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: steps.error } }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event: { type: string } & Record<string, unknown>): void => {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  send({
    type: "message_start",
    message: {
      id: "msg_test",
      type: "message",
      role: "assistant",
      model: "scripted",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  });
  let index = -1;
  let open: "text" | "thinking" | null = null;
  const begin = (block: Record<string, unknown>): void => {
    index += 1;
    send({ type: "content_block_start", index, content_block: block });
  };
  const finish = (): void => {
    if (open !== null) send({ type: "content_block_stop", index });
    open = null;
  };
  for (const step of steps) {
    if ("hold" in step) await gate.pass();
    else if ("call" in step) {
      finish();
      begin({ type: "tool_use", id: `toolu_${Date.now()}_${index}`, name: step.call, input: {} });
      send({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: JSON.stringify(step.input) } });
      send({ type: "content_block_stop", index });
    } else {
      const kind = "say" in step ? "text" : "thinking";
      if (open !== kind) {
        finish();
        begin(kind === "text" ? { type: "text", text: "" } : { type: "thinking", thinking: "", signature: "" });
        open = kind;
      }
      const length = ("piece" in step ? step.piece : undefined) ?? USUAL_PIECE;
      for (const piece of ("say" in step ? step.say : step.think).match(new RegExp(`[\\s\\S]{1,${length}}`, "gu")) ?? []) {
        send({
          type: "content_block_delta",
          index,
          delta: kind === "text" ? { type: "text_delta", text: piece } : { type: "thinking_delta", thinking: piece },
        });
        await new Promise((next) => setTimeout(next, 2));
      }
      if (kind === "thinking") send({ type: "content_block_delta", index, delta: { type: "signature_delta", signature: "c2ln" } });
    }
  }
  finish();
  const calls = steps.some((step) => "call" in step);
  send({ type: "message_delta", delta: { stop_reason: calls ? "tool_use" : "end_turn", stop_sequence: null }, usage: { output_tokens: 40 } });
  send({ type: "message_stop" });
  response.end();
}

/** The user's last words, and how many tool results came after them. */
function situation(messages: readonly Message[]): { message: string; results: number } {
  let results = 0;
  for (const { role, content } of messages.toReversed()) {
    if (role !== "user") continue;
    if (typeof content === "string") return { message: content, results };
    results += content.filter((block) => block.type === "tool_result").length;
    const text = content.filter((block) => block.type === "text").map((block) => block.text ?? "");
    if (text.length > 0) return { message: text.join("\n"), results };
  }
  return { message: "", results };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((done) => server.close(() => done()));
}
