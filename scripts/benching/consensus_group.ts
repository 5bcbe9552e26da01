/**
 * Three processes of `consensus_member.ts` as one group, the first of which leads.
 *
 * Data in a temporary directory; stopped and removed with `await using`.
 */
import { V8_FLAGS } from "../packaging/portable.ts";
import { until } from "../../tests/harness/warren.ts";
import { freePorts } from "./ports.ts";
import type { LevelFigures, LevelTimes } from "./closed_loop.ts";
import type { FailedLoad, MemberOrder, MemberSetup, MemberStatus } from "./consensus_member.ts";

const PROGRAM = new URL("consensus_member.ts", import.meta.url).pathname;
/** What the executable runs with too. */
const RUN = ["run", "-A", "--quiet", "--no-check", `--v8-flags=${V8_FLAGS}`];
const SIZE = 3;
const MAX_ATTEMPTS = 5;

/** One process and the conversation with it. */
class MemberProcess {
  readonly id: string;
  readonly address: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  constructor(setup: MemberSetup) {
    this.id = setup.memberId;
    this.address = setup.address;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...RUN, PROGRAM, JSON.stringify(setup)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#answers = linesOf(this.#child.stdout);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async next(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.id} ended`);
    return JSON.parse(value);
  }

  async ask(order: MemberOrder): Promise<unknown> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    return await this.next();
  }

  async stop(): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}

/** A running group. */
export class ConsensusGroup implements AsyncDisposable {
  readonly #dir: string;
  readonly #members: readonly MemberProcess[];

  private constructor(dir: string, members: readonly MemberProcess[]) {
    this.#dir = dir;
    this.#members = members;
  }

  /** Starts it and waits until all three vote. */
  static async start(): Promise<ConsensusGroup> {
    const dir = await Deno.makeTempDir({ prefix: "warren-bench-raft-" });
    const members = await Promise.all(
      freePorts(SIZE).map(async (port, index) => {
        await Deno.mkdir(`${dir}/m${index}`);
        return new MemberProcess({
          memberId: `member${index}`.padEnd(25, "x"),
          address: `127.0.0.1:${port}`,
          dir: `${dir}/m${index}`,
          isFounder: index === 0,
        });
      }),
    );
    const group = new ConsensusGroup(dir, members);
    await group.#form();
    return group;
  }

  async #form(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.next()));
    await until("the founder to lead", async () => (await this.#status()).leads);
    for (const [index, member] of this.#members.entries()) {
      if (index === 0) continue;
      await this.#founder.ask({ kind: "add", id: member.id, address: member.address });
    }
    await until("three voters", async () => (await this.#status()).voters === SIZE);
  }

  get #founder(): MemberProcess {
    const [founder] = this.#members;
    if (!founder) throw new Error("the group has no members");
    return founder;
  }

  async #status(member = this.#founder): Promise<MemberStatus> {
    return await member.ask({ kind: "status" }) as MemberStatus;
  }

  /** Process ids. */
  get pids(): readonly number[] {
    return this.#members.map(({ pid }) => pid);
  }

  /** Syncs of the log so far, over all members. */
  async syncs(): Promise<number> {
    const all = await Promise.all(this.#members.map((member) => this.#status(member)));
    return all.reduce((sum, { syncs }) => sum + syncs, 0);
  }

  /** `callers` callers in the leader's process. On a busy machine leadership moves: then once more. */
  async load(callers: number, valueBytes: number, times: LevelTimes): Promise<LevelFigures> {
    const order: MemberOrder = { kind: "load", callers, valueBytes, times };
    for (let attempt = 1;; attempt++) {
      const leader = await until("a member to lead", () => this.#findLeader());
      const figures = await leader.ask(order) as LevelFigures | FailedLoad;
      if (!("failed" in figures)) return figures;
      if (attempt === MAX_ATTEMPTS) throw new Error(figures.failed);
    }
  }

  async #findLeader(): Promise<MemberProcess | undefined> {
    for (const member of this.#members) {
      if ((await this.#status(member)).leads) return member;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
    await Deno.remove(this.#dir, { recursive: true });
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
