/** What the real transport makes of killed, paused and hostile neighbours, and of another thread. */
import assert from "node:assert/strict";
import { type Log, Prng, realClock, silentLog } from "../../lib/mod.ts";
import { openChannel, parseAddress } from "../../rpc/mod.ts";
import {
  type ControlRequest,
  type PeerHello,
  RaftServiceService,
} from "../../rpc/gen/warren/v1/raft.ts";
import { encodeMessage } from "../codec/message.ts";
import { openGrpcTransport } from "./grpc_transport.ts";
import { helloTo } from "./hello.ts";
import { type LoneMember, startMember } from "./testing/lone_member.ts";
import { Recorder } from "./testing/recorder.ts";
import type { SelfIdentity } from "./transport.ts";

const ECHO = new URL("./testing/echo_member.ts", import.meta.url);
const ECHO_WORKER = new URL("./testing/echo_worker.ts", import.meta.url);
const CALLER: SelfIdentity = { clusterId: "c", memberId: "x", incarnation: 1, advertiseAddr: "" };

/** Member "b" as a process, with `a` connected to it both ways. */
async function withProcess(
  limits: Parameters<typeof startMember>[1],
  body: (a: LoneMember, process: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const a = await startMember("a", limits);
  const peers = [{ id: "a", address: a.transport.address }];
  const options = JSON.stringify({ memberId: "b", incarnation: 1, peers });
  const args = ["run", "-A", "--no-check", ECHO.pathname, options];
  const process = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const reader = process.stdout.getReader();
  let isOver = false;
  const over = process.status.then(() => isOver = true);
  try {
    const { value } = await reader.read();
    const address = new TextDecoder().decode(value).trim();
    a.transport.setPeers([{ id: "b", address }]);
    await a.seen.saw("b connected");
    await a.seen.until(() => a.seen.addresses.length > 0, "the call of b");
    await body(a, process);
  } finally {
    await a.transport.stop();
    if (!isOver) process.kill("SIGKILL");
    await over;
    await reader.cancel();
  }
}

Deno.test("grpc transport: a killed peer is unreachable at once", async () => {
  await withProcess({}, async (a, process) => {
    // Nothing is sent: the broken connection alone must tell it.
    const losses = a.seen.count("b unreachable");
    process.kill("SIGKILL");
    await a.seen.saw("b unreachable", losses + 1);
  });
});

Deno.test("grpc transport: a peer that is paused is unreachable, and bytes for it stay bounded", async () => {
  await withProcess({ ackTimeoutMs: 200, helloTimeoutMs: 200 }, async (a, process) => {
    // A first attempt to dial may have come too early.
    const losses = a.seen.count("b unreachable");
    const connections = a.seen.count("b connected");
    process.kill("SIGSTOP");
    const data = new Uint8Array(64 * 1024);
    const entries = [{ index: 2, term: 1, payload: { kind: "data" as const, data } }];
    const append = {
      kind: "append",
      from: "a",
      to: "b",
      term: 1,
      prevIndex: 1,
      prevTerm: 1,
    } as const;
    while (a.seen.count("b unreachable") === losses) {
      a.transport.send([{ ...append, entries, commit: 0 }]);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    process.kill("SIGCONT");
    await a.seen.saw("b connected", connections + 1);
    a.transport.send([{ kind: "read", from: "a", to: "b", term: 1, id: 1 }]);
    await a.seen.saw("read.reply from b");
    assert.equal(a.seen.count("b restarted"), 0);
  });
});

Deno.test("grpc transport: works in a Worker", async () => {
  const a = await startMember("a");
  const worker = new Worker(ECHO_WORKER, { type: "module" });
  const next = () => {
    return new Promise<unknown>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  };
  try {
    const peers = [{ id: "a", address: a.transport.address }];
    worker.postMessage({ memberId: "b", incarnation: 1, peers });
    const started = await next();
    assert.ok(typeof started === "object" && started !== null && "address" in started);
    a.transport.setPeers([{ id: "b", address: String(started.address) }]);
    await a.seen.saw("b connected");
    a.transport.send([{ kind: "read", from: "a", to: "b", term: 1, id: 1 }]);
    await a.seen.saw("read.reply from b");
    worker.postMessage("stop");
    assert.equal(await next(), "stopped");
    await a.seen.saw("b unreachable");
  } finally {
    worker.terminate();
    await a.transport.stop();
  }
});

Deno.test("grpc transport: refuses to listen where other machines could reach it", async () => {
  const options = { events: new Recorder(), log: silentLog, clock: realClock, prng: new Prng(1) };
  const listen = (address: string) =>
    openGrpcTransport({ ...options, self: CALLER, listen: address });
  await assert.rejects(listen("0.0.0.0:0"), { reason: "NOT_PERMITTED" });
  await assert.rejects(listen("nonsense"), { reason: "USAGE" });
});

Deno.test("grpc transport: garbage on the port harms nobody", async () => {
  const a = await startMember("a");
  const b = await startMember("b");
  b.transport.setPeers([{ id: "a", address: a.transport.address }]);
  await b.seen.saw("a connected");
  const { host, port } = tcpOf(a.transport.address);
  for (let seed = 0; seed < 20; seed++) {
    const prng = new Prng(seed);
    const preface = seed % 2 === 0 ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "";
    const noise = Uint8Array.from({ length: 2_000 }, () => prng.below(256));
    const connection = await Deno.connect({ hostname: host, port });
    await connection.write(new Uint8Array([...new TextEncoder().encode(preface), ...noise]));
    // The other side may have reset it already, which is as good.
    await connection.read(new Uint8Array(1_000)).catch(() => null);
    connection.close();
  }
  b.transport.send([{ kind: "read", from: "b", to: "a", term: 1, id: 1 }]);
  await a.seen.saw("read from b");
  assert.equal(a.seen.count("b unreachable") + b.seen.count("a unreachable"), 0);
  await Promise.all([a.transport.stop(), b.transport.stop()]);
});

const hello: ControlRequest = { kind: { $case: "hello", value: helloTo(CALLER, "a") } };
const valid = encodeMessage({ kind: "read", from: "x", to: "a", term: 1, id: 1 });

Deno.test.each(
  [
    ["bytes that are no messages", [hello, frame(new Uint8Array([1, 2, 3]))]],
    ["a message of somebody else", [
      hello,
      frame(encodeMessage({ kind: "read", from: "y", to: "a", term: 1, id: 1 })),
    ]],
    ["a message to somebody else", [
      hello,
      frame(encodeMessage({ kind: "read", from: "x", to: "y", term: 1, id: 1 })),
    ]],
    ["a snapshot without its bytes", [
      hello,
      frame(encodeMessage({
        kind: "snapshot",
        from: "x",
        to: "a",
        term: 1,
        snapshot: { index: 1, term: 1, membership: { voters: ["a"], outgoing: [], learners: [] } },
      })),
    ]],
    ["an append among control messages", [
      hello,
      frame(encodeMessage({
        kind: "append",
        from: "x",
        to: "a",
        term: 1,
        prevIndex: 0,
        prevTerm: 0,
        entries: [],
        commit: 0,
      })),
    ]],
    ["a cut message", [hello, frame(valid.subarray(0, valid.length - 1))]],
    ["a second hello", [hello, hello]],
    ["no hello", [frame(valid)]],
    ["an empty request", [{ kind: undefined }]],
  ] as const,
)("grpc transport: %s closes the stream and nothing else", async (_what, requests) => {
  const errors: string[] = [];
  const a = await startMember("a", {}, collecting(errors));
  const channel = openChannel(parseAddress(a.transport.address), { isAlone: true });
  const call = channel.bidi(RaftServiceService.control);
  for (const request of requests) call.send(request, () => {});
  await assert.rejects(Array.fromAsync(call.responses), { reason: "BAD_REQUEST" });
  assert.deepEqual(a.seen.messages, []);
  const again = channel.bidi(RaftServiceService.control);
  for (const request of [hello, frame(valid)]) again.send(request, () => {});
  await a.seen.saw("read from x");
  again.cancel();
  await assert.rejects(Array.fromAsync(again.responses));
  await channel.abandon();
  await a.transport.stop();
  assert.ok(errors.every((line) => line === "malformed frame"), errors.join(", "));
});

Deno.test("grpc transport: a caller without a word is hung up on", async () => {
  const a = await startMember("a", { helloTimeoutMs: 20 });
  const channel = openChannel(parseAddress(a.transport.address), { isAlone: true });
  const call = channel.bidi(RaftServiceService.snapshot);
  await assert.rejects(Array.fromAsync(call.responses), { reason: "BAD_REQUEST" });
  await channel.abandon();
  await a.transport.stop();
});

Deno.test.each<readonly [string, Partial<PeerHello>]>([
  ["newer protocol", { protocolVersion: 99 }],
  ["wrong cluster", { clusterId: "d" }],
  ["wrong peer", { toMemberId: "b" }],
  ["reused id", { memberId: "a" }],
  ["malformed", { memberId: "" }],
  ["malformed", { memberId: "x".repeat(1_000) }],
])("grpc transport: refuses a hello as %s, and logs it once", async (reason, change) => {
  const lines: string[] = [];
  const a = await startMember("a", {}, collecting(lines, "warn"));
  const channel = openChannel(parseAddress(a.transport.address), { isAlone: true });
  for (let time = 0; time < 2; time++) {
    const call = channel.bidi(RaftServiceService.append);
    call.send(
      { kind: { $case: "hello", value: { ...helloTo(CALLER, "a"), ...change } } },
      () => {},
    );
    const [answer] = await Array.fromAsync(call.responses);
    assert.equal(answer?.kind?.$case === "refusal" && answer.kind.value.reason, reason);
  }
  assert.deepEqual(lines, ["peer refused"]);
  await channel.abandon();
  await a.transport.stop();
});

function frame(bytes: Uint8Array): ControlRequest {
  return { kind: { $case: "messages", value: Buffer.from(bytes) } };
}

function tcpOf(address: string): { host: string; port: number } {
  const parsed = parseAddress(address);
  assert.ok(parsed.kind === "tcp");
  return parsed;
}

function collecting(lines: string[], level: "warn" | "error" = "error"): Log {
  const log: Log = {
    ...silentLog,
    [level]: (line: string) => void lines.push(line),
    child: () => log,
  };
  return log;
}
