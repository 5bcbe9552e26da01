/**
 * Three members of Debian's etcd on loopback with its defaults, as the peer that consensus is
 * measured beside. `scripts/setup --with-test-tools` installs it.
 *
 * Its data lies in a temporary directory on the same disk as ours. Stopped and removed with `await using`.
 */
import { freePorts } from "./ports.ts";
import { until } from "../../tests/harness/warren.ts";

/** One member, as started. */
interface Member {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

/** A running group. */
export class EtcdGroup implements AsyncDisposable {
  readonly #dir: string;
  readonly #children: readonly Deno.ChildProcess[];
  readonly #members: readonly Member[];

  private constructor(
    dir: string,
    children: readonly Deno.ChildProcess[],
    members: readonly Member[],
  ) {
    this.#dir = dir;
    this.#children = children;
    this.#members = members;
  }

  /** Starts it and waits for a leader. @throws Error when etcd is not installed or does not start */
  static async start(): Promise<EtcdGroup> {
    const dir = await Deno.makeTempDir({ prefix: "warren-bench-etcd-" });
    const ports = freePorts(6);
    const members = [0, 1, 2].map((index): Member => ({
      name: `m${index}`,
      clientUrl: `http://127.0.0.1:${ports[index * 2]}`,
      peerUrl: `http://127.0.0.1:${ports[index * 2 + 1]}`,
    }));
    const cluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
    const children = members.map((member) => spawn(member, dir, cluster));
    const group = new EtcdGroup(dir, children, members);
    await until("a leader of etcd", async () => await group.findLeader() !== undefined);
    return group;
  }

  /** Process ids. */
  get pids(): readonly number[] {
    return this.#children.map(({ pid }) => pid);
  }

  /** `host:port` of the leader's API. */
  async findLeader(): Promise<string | undefined> {
    for (const { clientUrl } of this.#members) {
      const status = await statusOf(clientUrl);
      if (status && status.leader === status.header.member_id) return new URL(clientUrl).host;
    }
    return undefined;
  }

  /** Syncs of the write-ahead log and of the database so far, over all members. */
  async syncs(): Promise<number> {
    const counts = await Promise.all(this.#members.map(async ({ clientUrl }) => {
      const text = await (await fetch(`${clientUrl}/metrics`)).text();
      const count = (name: string) => Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1]);
      return count("etcd_disk_wal_fsync_duration_seconds_count") +
        count("etcd_disk_backend_commit_duration_seconds_count");
    }));
    return counts.reduce((sum, value) => sum + value, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGTERM");
    await Promise.all(this.#children.map(({ status }) => status));
    await Deno.remove(this.#dir, { recursive: true });
  }
}

/** @throws Error when it is not installed */
function spawn({ name, clientUrl, peerUrl }: Member, dir: string, cluster: string) {
  const command = new Deno.Command("etcd", {
    args: [
      ...["--name", name, "--data-dir", `${dir}/${name}`, "--log-level", "error"],
      ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
      ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", cluster, "--initial-cluster-state", "new"],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  try {
    return command.spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("etcd is not installed: run scripts/setup --with-test-tools", { cause: error });
  }
}

interface Status {
  readonly header: { readonly member_id: string };
  readonly leader: string;
}

async function statusOf(clientUrl: string): Promise<Status | undefined> {
  try {
    const answer = await fetch(`${clientUrl}/v3/maintenance/status`, {
      method: "POST",
      body: "{}",
    });
    return await answer.json() as Status;
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined; // not up yet
    throw error;
  }
}

/** A Put of etcd's API: key is field 1, value field 2. */
export function putRequest(key: string, value: Uint8Array): Uint8Array {
  const keyBytes = new TextEncoder().encode(key);
  return Uint8Array.from([0x0a, keyBytes.length, ...keyBytes, 0x12, value.length, ...value]);
}

/** The path of Put. */
export const PUT_PATH = "/etcdserverpb.KV/Put";
