/**
 * Whole members in one thread, for tests of the driver: real core and driver, a memory disk, a real
 * or simulated network, and a state machine that is a list of texts.
 */
import { type Clock, Prng, realClock, silentLog, type WarrenError } from "../../../lib/mod.ts";
import { coreConfig, freshStart, membersOf, RaftCore } from "../../../raft/mod.ts";
import { openGrpcTransport } from "../../transport/grpc_transport.ts";
import type { PeerAddress } from "../../transport/transport.ts";
import { RaftDriver } from "../driver.ts";
import type { MachinePort } from "../machine_port.ts";
import type { ProposalOutcome, RaftStatus } from "../protocol.ts";
import { unstampEntry } from "../stamp.ts";
import { MemoryDisk } from "./memory_disk.ts";

/** Times that keep tests short and a busy machine from failing them. */
const TIMES = { heartbeatTimeoutMs: 3_000, electionTimeoutMs: 3_000, leaderLeaseTimeoutMs: 2_500 };

/** Bounds of one member. */
export interface MemberLimits {
  readonly snapshotThreshold: number;
  readonly trailingLogs: number;
}

/** One member with its state machine. */
export class TestMember {
  readonly id: string;
  readonly disk = new MemoryDisk();
  readonly limits: MemberLimits;
  readonly clock: Clock = realClock;
  texts: string[] = [];
  applied = 0;
  restores = 0;
  /** Who said that this member was removed. */
  removedBy: string[] = [];
  status: RaftStatus | null = null;
  fault: WarrenError | null = null;
  address = "";
  driver: RaftDriver | null = null;
  readonly outcomes = new Map<number, ProposalOutcome>();
  readonly reads = new Map<number, number | null>();
  readonly answers = new Map<number, string>();
  #nextId = 1;

  constructor(id: string, limits: MemberLimits) {
    this.id = id;
    this.limits = limits;
  }

  /** Starts or restarts it. A founder's group consists of itself. */
  async start(isFounder: boolean, peers: readonly PeerAddress[]): Promise<void> {
    const { restored, incarnation } = this.disk.start();
    const isNew = restored.snapshot.index === 0;
    const snapshot = isNew && isFounder
      ? freshStart(membersOf(this.id)).snapshot
      : restored.snapshot;
    this.texts = [];
    this.applied = 0;
    this.status = null;
    const driver = new RaftDriver({
      core: new RaftCore(
        coreConfig(this.id, TIMES),
        { ...restored, snapshot },
        new Prng(incarnation),
      ),
      memberId: this.id,
      disk: this.disk,
      clock: this.clock,
      log: silentLog,
      port: this.#port(),
      peers,
      electionTimeoutMs: TIMES.electionTimeoutMs,
      heartbeatTimeoutMs: TIMES.heartbeatTimeoutMs,
      ...this.limits,
      snapshotIndex: snapshot.index,
    });
    this.driver = driver;
    const transport = await openGrpcTransport({
      self: { clusterId: "test", memberId: this.id, incarnation, advertiseAddr: this.address },
      listen: this.address || "127.0.0.1:0",
      events: driver,
      log: silentLog,
      clock: this.clock,
      prng: new Prng(7),
    });
    this.address = transport.address;
    await driver.start(transport);
  }

  async stop(): Promise<void> {
    await this.driver?.stop();
    this.driver = null;
  }

  /** Proposes `text` here; the outcome, whatever it is. */
  async propose(text: string, term: number | null = null): Promise<ProposalOutcome> {
    const id = this.#nextId++;
    this.driver?.propose([{ id, data: new TextEncoder().encode(text), term }]);
    return await until(() => this.outcomes.get(id));
  }

  /** Asks for a read index. */
  async read(): Promise<number | null> {
    const id = this.#nextId++;
    this.driver?.read(id);
    return await until(() => this.reads.get(id));
  }

  /** Changes the membership; "" or why not. */
  async change(kind: "add learner" | "remove", member: string): Promise<string> {
    const id = this.#nextId++;
    this.driver?.change(id, { kind, id: member });
    return await until(() => this.answers.get(id));
  }

  /** Hands leadership over; "" or why not. */
  async transfer(to: string | null): Promise<string> {
    const id = this.#nextId++;
    this.driver?.transfer(id, to);
    return await until(() => this.answers.get(id));
  }

  get leads(): boolean {
    return this.status?.role === "leader" && this.status.leadership !== null;
  }

  #port(): MachinePort {
    return {
      apply: (entries) => {
        for (const { index, data } of entries) {
          if (index !== this.applied + 1) throw new Error(`${index} after ${this.applied}`);
          this.applied = index;
          if (data) this.texts.push(new TextDecoder().decode(unstampEntry(data).data));
        }
        queueMicrotask(() => this.driver?.applied(this.applied));
      },
      restore: (index, state) => {
        this.restores += 1;
        this.texts = JSON.parse(new TextDecoder().decode(state));
        this.applied = index;
        queueMicrotask(() => this.driver?.applied(this.applied));
      },
      save: () => {
        const state = new TextEncoder().encode(JSON.stringify(this.texts));
        const index = this.applied;
        queueMicrotask(() => {
          this.driver?.snapshots.stateBegin(index);
          this.driver?.snapshots.stateChunk(state);
          this.driver?.snapshots.stateEnd();
        });
      },
      saving: () => {},
      proposed: (id, outcome) => this.outcomes.set(id, outcome),
      read: (id, index) => this.reads.set(id, index),
      answer: (id, error) => this.answers.set(id, error?.message ?? ""),
      status: (status) => this.status = status,
      address: () => {},
      removed: (by) => this.removedBy.push(by),
      synced: () => {},
      failed: (error) => this.fault = error,
    };
  }
}

/** What `look` gives as soon as it gives something. @throws Error after half a minute */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const limitMs = performance.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > limitMs) throw new Error(`never: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A group with the first of `ids` as its founder, all of them voters. `await using` stops it. */
export class TestGroup implements AsyncDisposable {
  readonly members: readonly TestMember[];

  private constructor(members: readonly TestMember[]) {
    this.members = members;
  }

  static async start(ids: readonly string[], limits: MemberLimits): Promise<TestGroup> {
    const group = new TestGroup(ids.map((id) => new TestMember(id, limits)));
    try {
      await group.#form();
      return group;
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #form(): Promise<void> {
    const [founder, ...others] = this.members;
    if (!founder) throw new Error("a group has a founder");
    await founder.start(true, []);
    await until(() => founder.leads);
    for (const other of others) {
      await other.start(false, [{ id: founder.id, address: founder.address }]);
      const known = this.members.map(({ id, address }) => ({ id, address }));
      for (const { driver } of this.members) driver?.setAddresses(known);
      await until(async () => await founder.change("add learner", other.id) === "");
      await until(() => other.status?.membership.voters.includes(other.id));
    }
  }

  /** The leader, as soon as there is one. */
  leader(): Promise<TestMember> {
    return until(() => this.members.find(({ leads, driver }) => driver && leads));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) await member.stop();
  }
}
