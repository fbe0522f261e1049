/** A way between the page and the host that a test can cut: connections break, new ones are refused until mended. */
import { type Socket, connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

export interface Cuttable {
  readonly url: string;
  cut: () => void;
  mend: () => void;
  stop: () => Promise<void>;
}

export async function cuttable(target: string): Promise<Cuttable> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let broken = false;
  const server = createServer((client) => {
    if (broken) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on("error", () => other.destroy());
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      broken = true;
      drop();
    },
    mend: () => {
      broken = false;
    },
    stop: async () => {
      drop();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
