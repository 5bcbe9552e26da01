/** A cluster of three managers and a worker with something of every kind, as a state and as a backup. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { realClock, wallMs } from "../../../lib/mod.ts";
import { asId, type ClusterId, type Node, type SecretId } from "../../../model/mod.ts";
import type { BackupResponse } from "../../../rpc/gen/warren/v1/cluster.ts";
import { copyBackup } from "../../../client/backup/mod.ts";
import { generateJoinToken, Sealer } from "../../../security/mod.ts";
import { joined, StoreFixture } from "../../../store/testing/store_fixture.ts";
import { encodeState } from "../../../store/mod.ts";
import type { DaemonFlags } from "../../flags.ts";

/** The state, and the key of what is sealed in it. */
export interface RichState {
  readonly fixture: StoreFixture;
  readonly dataKey: Uint8Array<ArrayBuffer>;
  readonly clusterId: ClusterId;
  readonly managers: readonly Node[];
  readonly worker: Node;
}

/** What the secret "password" holds. */
export const PASSWORD = "correct horse";

/** Flags of a start that asks for nothing. */
export const NO_FLAGS: DaemonFlags = {
  dataDir: null,
  nodeName: null,
  managerOnly: false,
  managers: [],
  token: null,
  listenAddr: null,
  raftAddr: null,
  advertiseAddr: null,
  metricsAddr: null,
  socket: null,
  labels: {},
  runtime: "auto",
  dockerHost: null,
  enablePprof: false,
  heartbeatTimeoutMs: null,
  electionTimeoutMs: null,
  leaderLeaseTimeoutMs: null,
  snapshotThreshold: null,
  trailingLogs: null,
  logLevel: "info",
  logFormat: null,
};

/** Makes the state. */
export async function richState(
  { hasAddresses = true }: { readonly hasAddresses?: boolean } = {},
): Promise<RichState> {
  const dataKey = crypto.getRandomValues(new Uint8Array(32));
  const sealer = await Sealer.fromKey(dataKey.slice());
  const fixture = new StoreFixture();
  const clusterId = asId<ClusterId>(fixture.ids.next());
  const seal = (purpose: "secret" | "join-token", name: string, text: string) =>
    sealer.seal({ purpose, name }, new TextEncoder().encode(text));
  const cluster = {
    id: clusterId,
    createdMs: wallMs(1),
    workerToken: await seal("join-token", "worker", generateJoinToken("worker")),
    managerToken: await seal("join-token", "manager", generateJoinToken("manager")),
  };
  fixture.ok({ kind: "cluster.create", cluster });
  const managers = ["m1", "m2", "m3"].map((name, at) =>
    fixture.addNode(name, {
      role: at === 2 ? "manager" : "hybrid",
      memberId: `member-${name}`,
      // Nobody listens on these.
      address: hasAddresses ? `127.0.0.1:${2 + at}` : "",
      raftAddress: `127.0.0.1:${12 + at}`,
    })
  );
  const worker = fixture.addNode("w1");
  const [first] = managers;
  if (first) fixture.ok({ kind: "cluster.leader", id: first.id, term: 41 });
  const web = fixture.addService("web");
  fixture.report(fixture.addTask(web, worker, 1), "running");
  fixture.addTask(web, first ?? null, 2);
  fixture.addConfig("site");
  fixture.addVolume("files");
  const sealed = await seal("secret", "password", PASSWORD);
  fixture.ok({
    kind: "secret.create",
    secret: {
      id: asId<SecretId>(fixture.ids.next()),
      name: "password",
      labels: {},
      sealed,
      sizeBytes: PASSWORD.length,
      revision: 1,
      createdMs: wallMs(1),
      updatedMs: wallMs(1),
    },
  });
  return { fixture, dataKey, clusterId, managers, worker };
}

/** Writes a backup of `state`, as the command line would. */
export async function writeBackup(
  path: string,
  { fixture, dataKey, clusterId }: Pick<RichState, "fixture" | "dataKey" | "clusterId">,
): Promise<void> {
  const state = Buffer.from(joined([...encodeState(fixture.store.snapshot())]));
  const header = {
    clusterId,
    index: fixture.view.index,
    createdMs: realClock.wallNow(),
    version: "1.0.0",
    dataKey: Buffer.from(dataKey),
  };
  const sha256 = createHash("sha256").update(state).digest();
  const parts: BackupResponse[] = [
    { part: { $case: "header", value: header } },
    { part: { $case: "piece", value: state } },
    { part: { $case: "end", value: { sizeBytes: state.length, sha256 } } },
  ];
  using file = await Deno.create(path);
  await copyBackup(ReadableStream.from(parts), {
    write: async (bytes) => void await file.write(bytes),
  });
}
