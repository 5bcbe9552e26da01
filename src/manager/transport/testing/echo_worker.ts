/**
 * The echo member in a Worker: the first message starts it, any later one stops it.
 *
 * Started by tests. It answers `{ address }`, then `"stopped"`.
 */
import type { Transport } from "../transport.ts";
import { startEcho } from "./echo_member.ts";

let transport: Promise<Transport> | null = null;

async function take({ data }: MessageEvent): Promise<void> {
  if (transport === null) {
    transport = startEcho(data);
    return answer({ address: (await transport).address });
  }
  await (await transport).stop();
  answer("stopped");
}

function answer(message: unknown): void {
  const post: unknown = Reflect.get(globalThis, "postMessage");
  if (typeof post === "function") post.call(globalThis, message);
}

// The scope of a Worker has no type beside that of a window.
Reflect.set(globalThis, "onmessage", take);
