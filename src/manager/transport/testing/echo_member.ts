/**
 * A member that sends every read back as its reply: the other side of tests and measurements.
 *
 * Runs in a process of its own (`deno run echo_member.ts '{...}'`) or in a Worker (by a message of
 * the same form). It tells `{ address }` once, on its output or by a message, and runs until killed
 * or, in a Worker, told `"stop"`.
 */
import { Prng, realClock, silentLog, WarrenError } from "../../../lib/mod.ts";
import type { MemberId, Message } from "../../../raft/mod.ts";
import { openGrpcTransport } from "../grpc_transport.ts";
import type { PeerAddress, Transport, TransportEvents } from "../transport.ts";

/** Who the member is, and whom it calls. */
export interface EchoOptions {
  readonly memberId: MemberId;
  readonly incarnation: number;
  readonly peers: readonly PeerAddress[];
}

/** Starts one. */
export async function startEcho({ memberId, incarnation, peers }: EchoOptions): Promise<Transport> {
  const events: TransportEvents = {
    onMessages: (messages) => transport.send(messages.flatMap(replyTo)),
    onPeer: () => {},
    onAddress: () => {},
    onRemoved: () => {},
    isWelcome: () => true,
    receiveSnapshot: () => Promise.resolve(null),
    onForwarded: () => Promise.reject(new WarrenError("NO_LEADER", "an echo leads nobody")),
  };
  const transport = await openGrpcTransport({
    self: { clusterId: "c", memberId, incarnation, advertiseAddr: "" },
    listen: "127.0.0.1:0",
    events,
    log: silentLog,
    clock: realClock,
    prng: new Prng(1),
  });
  transport.setPeers(peers);
  return transport;
}

function replyTo(message: Message): Message[] {
  const back = { from: message.to, to: message.from, term: message.term };
  if (message.kind === "read") {
    return [{ ...back, kind: "read.reply", id: message.id, index: 1 }];
  }
  if (message.kind !== "append") return [];
  const index = message.prevIndex + message.entries.length;
  return [{ ...back, kind: "append.reply", isOk: true, index, hintIndex: 0, hintTerm: 0 }];
}

if (import.meta.main) {
  const { address } = await startEcho(JSON.parse(Deno.args[0] ?? ""));
  await Deno.stdout.write(new TextEncoder().encode(`${address}\n`));
}
