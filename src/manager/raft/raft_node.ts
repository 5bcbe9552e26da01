/**
 * Consensus as the main thread sees it: propose, read, move leadership, change members.
 *
 * Owns the Raft Worker and applies what it commits to the state machine, in order. An answer to a
 * proposal means committed and applied here. Invariant: a change with a request id is proposed again
 * after a lost answer and applied once; one without an id is never proposed twice unless it surely
 * was not taken.
 */
import {
  type Clock,
  type ErrorInfo,
  type Log,
  type Metrics,
  sleep,
  WarrenError,
} from "../../lib/mod.ts";
import type { MemberId, MembershipChange } from "../../raft/mod.ts";
import {
  type Action,
  type Applied,
  encodeEntry,
  type ProposeOptions,
  type Proposer,
} from "../../store/mod.ts";
import type { PeerAddress } from "../transport/transport.ts";
import { startWorker } from "../start_worker.ts";
import { FreshReads } from "./fresh_reads.ts";
import { Outcomes } from "./outcomes.ts";
import { type EntryOptions, Proposals } from "./proposals.ts";
import type { CommittedEntry, FromRaft, RaftSetup, RaftStatus, ToRaft } from "./protocol.ts";
import { raftMetrics } from "./raft_metrics.ts";
import { unstampEntry } from "./stamp.ts";
import type { StateMachine } from "./state_machine.ts";

/** How long a change of members waits for another one, in milliseconds. */
const CHANGE_LIMIT_MS = 10_000;
/** Pause before a change is proposed again, in milliseconds; a new leader ends it. */
const RETRY_MS = 25;
/** How long the Worker may take to stop, in milliseconds. */
const STOP_MS = 10_000;

/** What a node is made of. */
export interface RaftNodeParts {
  readonly setup: RaftSetup;
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called once when nothing goes on any more. */
  readonly onFault: (fault: WarrenError) => void;
  /** The leader says that this member was removed. */
  readonly onRemoved: () => void;
  /** A member said where it listens. */
  readonly onAddress: (peer: PeerAddress) => void;
}

interface AppliedWaiter {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: WarrenError) => void;
}

/** A member at work. `await using` stops it. */
export class RaftNode implements Proposer, AsyncDisposable {
  readonly #parts: RaftNodeParts;
  readonly #worker: Worker;
  readonly #metrics: ReturnType<typeof raftMetrics>;
  readonly #outcomes = new Outcomes();
  readonly #reads: FreshReads;
  readonly #started = Promise.withResolvers<string>();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #proposals: Proposals;
  readonly #asked = new Map<number, (index: number | null) => void>();
  readonly #answers = new Map<number, (error: ErrorInfo | null) => void>();
  readonly #listeners = new Set<(status: RaftStatus) => void>();
  readonly #leadingListeners = new Set<() => void>();
  #appliedWaiters: AppliedWaiter[] = [];
  #nextId = 1;
  #status: RaftStatus | null = null;
  #leads: number | null = null;
  #fault: WarrenError | null = null;
  #isStopping = false;
  #saved: () => void = () => {};

  private constructor(parts: RaftNodeParts) {
    this.#parts = parts;
    this.#metrics = raftMetrics(parts.metrics, () => ({
      status: this.#status,
      memberId: parts.setup.memberId,
      appliedIndex: parts.machine.index,
    }));
    this.#reads = new FreshReads({
      clock: parts.clock,
      ask: () => this.#ask(),
      applied: (index) => this.#appliedTo(index),
    });
    this.#proposals = new Proposals({
      clock: parts.clock,
      outcomes: this.#outcomes,
      send: (proposals) => this.#post({ kind: "propose", proposals }),
      onCommitted: (seconds) => this.#metrics.committed(seconds),
      anotherLeader: (signal) => this.#anotherLeader(signal),
    });
    this.#worker = startWorker("raft_worker");
    this.#worker.onmessage = ({ data }: MessageEvent<readonly FromRaft[]>) => {
      for (const message of data) this.#hear(message);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new WarrenError("INTERNAL_FAULT", `Cannot go on: ${event.message}`));
    };
    this.#worker.onmessageerror = () =>
      this.#fail(new WarrenError("INTERNAL_FAULT", "Cannot go on: news of consensus was lost"));
  }

  /**
   * Starts the Worker, recovers the log and listens.
   *
   * @throws WarrenError DATA_CORRUPT naming file and offset, PORT_IN_USE, NOT_PERMITTED
   */
  static async start(parts: RaftNodeParts): Promise<RaftNode> {
    const node = new RaftNode(parts);
    try {
      node.#address = await node.#started.promise;
    } catch (error) {
      node.#end();
      throw error;
    }
    return node;
  }

  #address = "";

  /** `host:port` of the listener, as bound. */
  get address(): string {
    return this.#address;
  }

  /** Why nothing goes on here any more; null while it does. */
  get fault(): WarrenError | null {
    return this.#fault;
  }

  /** Where this member stood a moment ago; null before the first news. */
  get status(): RaftStatus | null {
    return this.#status;
  }

  /** The term in which this member leads, with everything before applied; null when it does not. */
  get leadingTerm(): number | null {
    return this.#leads;
  }

  /** The leader, as far as this member knows. */
  get leader(): MemberId | null {
    return this.#status?.leader ?? null;
  }

  /** Calls `listener` at every news; the returned function ends that. */
  onStatus(listener: (status: RaftStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` whenever {@link leadingTerm} changed; the returned function ends that. */
  onLeading(listener: () => void): () => void {
    this.#leadingListeners.add(listener);
    return () => this.#leadingListeners.delete(listener);
  }

  // Writes.

  propose(actions: readonly Action[], options: ProposeOptions = {}): Promise<Applied> {
    return this.#proposeActions(actions, options, null);
  }

  /** The entrance for the leader's own decisions in `term`: never sent on to another leader. */
  asLeader(term: number): Proposer {
    return { propose: (actions, options = {}) => this.#proposeActions(actions, options, term) };
  }

  /** With a `term`, only while this member leads in it. */
  async #proposeActions(
    actions: readonly Action[],
    { signal, requestId = "" }: ProposeOptions,
    term: number | null,
  ): Promise<Applied> {
    const { clock } = this.#parts;
    const data = encodeEntry([{ actions, atMs: clock.wallNow(), requestId }]);
    return await this.proposeEntry(data, { signal, term, mayRepeat: requestId !== "" });
  }

  /** Proposes an encoded entry. @throws as {@link Proposer} */
  async proposeEntry(data: Uint8Array, options: EntryOptions): Promise<Applied> {
    if (this.#fault) throw this.#fault;
    return await this.#proposals.propose(data, options);
  }

  /** Waits for news of a leader, but not for long. */
  async #anotherLeader(signal?: AbortSignal): Promise<void> {
    const news = new AbortController();
    const stopListening = this.onStatus(({ leader }) => leader !== null && news.abort());
    const both = signal ? AbortSignal.any([signal, news.signal]) : news.signal;
    await sleep(this.#parts.clock, RETRY_MS, both).catch(() => {});
    stopListening();
  }

  // Reads.

  /** Settles when the state is as new as any answer given before the call. @throws WarrenError NO_LEADER */
  async fresh(signal: AbortSignal): Promise<void> {
    await this.#reads.fresh(signal);
  }

  #ask(): Promise<number | null> {
    return new Promise((resolve, reject) => {
      if (this.#ending) return reject(this.#ending);
      const id = this.#nextId++;
      this.#asked.set(id, resolve);
      this.#post({ kind: "read", id });
    });
  }

  #appliedTo(index: number): Promise<void> {
    if (index <= this.#parts.machine.index) return Promise.resolve();
    return new Promise((resolve, reject) => {
      // What is not applied by now never will be, and the state here is not fresh.
      if (this.#ending) return reject(this.#ending);
      this.#appliedWaiters.push({ index, resolve, reject });
    });
  }

  /** Why nothing more is answered here; null while it is. */
  get #ending(): WarrenError | null {
    return this.#fault ?? (this.#isStopping ? stopping() : null);
  }

  // Leadership and members.

  /**
   * Hands leadership to `to`, or to the voter that is most caught up; settles when it is gone.
   *
   * @throws WarrenError NO_LEADER, NOT_PERMITTED, NOT_SETTLED
   */
  transferLeader(to: MemberId | null): Promise<void> {
    return this.#request((id) => ({ kind: "transfer", id, to }));
  }

  /**
   * Changes the membership by one step; settles once committed. Leader only. Waits while another
   * change is under way.
   *
   * @throws WarrenError NO_LEADER, NOT_PERMITTED (the change makes no sense), CHANGE_IN_FLIGHT
   */
  async changeMembership(change: MembershipChange, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const untilMs = clock.monoNow() + CHANGE_LIMIT_MS;
    for (;;) {
      try {
        return await this.#request((id) => ({ kind: "change", id, change }));
      } catch (error) {
        const isPassing = error instanceof WarrenError && error.reason === "CHANGE_IN_FLIGHT";
        if (!isPassing || clock.monoNow() >= untilMs) throw error;
        await sleep(clock, RETRY_MS, signal);
      }
    }
  }

  #request(make: (id: number) => ToRaft): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ending) return reject(this.#ending);
      const id = this.#nextId++;
      this.#answers.set(id, (error) => error ? reject(WarrenError.fromInfo(error)) : resolve());
      this.#post(make(id));
    });
  }

  /** Where members are, as the replicated state says. */
  setAddresses(peers: readonly PeerAddress[]): void {
    this.#post({ kind: "addresses", peers });
  }

  // News of the Worker.

  #hear(message: FromRaft): void {
    switch (message.kind) {
      case "awake":
        return this.#post({ kind: "start", setup: this.#parts.setup });
      case "started":
        return this.#started.resolve(message.address);
      case "restore":
        return this.#guard("restore the state", () => this.#restore(message.index, message.state));
      case "apply":
        return this.#guard("apply a change", () => this.#apply(message.entries));
      case "proposed":
        return this.#proposals.ended(message.id, message.outcome);
      case "read":
        return take(this.#asked, message.id)?.(message.index);
      case "answer":
        return take(this.#answers, message.id)?.(message.error);
      case "save":
        return void this.#save();
      case "saving":
        return this.#saved();
      case "status":
        return this.#noteStatus(message.status);
      case "address":
        return this.#parts.onAddress(message.peer);
      case "removed":
        return this.#parts.onRemoved();
      case "synced":
        return message.seconds.forEach((seconds) => this.#metrics.synced(seconds));
      case "log":
        return this.#parts.log[message.level](message.message, message.fields);
      case "failed":
        return this.#fail(WarrenError.fromInfo(message.error));
      case "stopped":
        return this.#stopped.resolve();
    }
  }

  #apply(entries: readonly CommittedEntry[]): void {
    const { machine, clock } = this.#parts;
    for (const { index, term, data } of entries) {
      if (data === null) {
        machine.skip(index);
        continue;
      }
      const startMs = clock.monoNow();
      const { atMs, data: entry } = unstampEntry(data);
      this.#outcomes.note(index, term, machine.apply(index, entry, atMs));
      this.#metrics.applied((clock.monoNow() - startMs) / 1_000);
    }
    this.#reached();
  }

  #restore(index: number, state: Uint8Array): void {
    const { machine } = this.#parts;
    machine.restore(state);
    if (machine.index !== index) {
      const what = `the snapshot at ${index} holds the state at ${machine.index}`;
      throw new WarrenError("DATA_CORRUPT", `Cannot read a snapshot: ${what}`);
    }
    this.#outcomes.jump(index);
    this.#reached();
  }

  /** The state machine went on. */
  #reached(): void {
    const { index } = this.#parts.machine;
    this.#post({ kind: "applied", index });
    const reached = this.#appliedWaiters.filter((waiter) => waiter.index <= index);
    if (reached.length > 0) {
      this.#appliedWaiters = this.#appliedWaiters.filter((waiter) => waiter.index > index);
      for (const { resolve } of reached) resolve();
    }
    this.#noteLeadership();
  }

  #noteStatus(status: RaftStatus): void {
    const before = this.#status;
    this.#status = status;
    if (status.leader !== null && before?.leader !== status.leader) this.#metrics.leaderChanged();
    this.#noteLeadership();
    for (const listener of [...this.#listeners]) listener(status);
  }

  #noteLeadership(): void {
    const leadership = this.#status?.leadership ?? null;
    const isReady = leadership !== null && this.#parts.machine.index >= leadership.noopIndex;
    this.#setLeads(isReady ? leadership.term : null);
  }

  #setLeads(term: number | null): void {
    if (term === this.#leads) return;
    this.#leads = term;
    for (const listener of [...this.#leadingListeners]) listener();
  }

  /** Sends the state in pieces, each after the one before is on the disk. */
  async #save(): Promise<void> {
    const { machine, clock } = this.#parts;
    try {
      const { index, pieces } = machine.capture();
      await this.#saveStep({ kind: "state.begin", index });
      for (const bytes of pieces) {
        if (this.#isStopping) return;
        await this.#saveStep({ kind: "state.chunk", bytes });
        // Other work comes first: a state of many megabytes must not hold up the API.
        await sleep(clock, 0);
      }
      this.#post({ kind: "state.end" });
    } catch (error) {
      this.#parts.log.error("cannot encode the state", { error: String(error) });
      this.#post({ kind: "state.failed" });
    }
  }

  #saveStep(message: ToRaft): Promise<void> {
    return new Promise((resolve) => {
      this.#saved = resolve;
      this.#post(message);
    });
  }

  #guard(doing: string, work: () => void): void {
    if (this.#fault) return;
    try {
      work();
    } catch (error) {
      this.#fail(WarrenError.from(error, `Cannot ${doing}`));
    }
  }

  #fail(fault: WarrenError): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#started.reject(fault);
    this.#stopped.resolve();
    this.#setLeads(null);
    this.#settleAll(fault);
    this.#parts.onFault(fault);
  }

  #settleAll(error: WarrenError): void {
    const info = error.toInfo();
    this.#proposals.end(error);
    for (const settle of this.#asked.values()) settle(null);
    for (const settle of this.#answers.values()) settle(info);
    this.#asked.clear();
    this.#answers.clear();
    this.#outcomes.rejectAll(error);
    for (const { reject } of this.#appliedWaiters) reject(error);
    this.#appliedWaiters = [];
    this.#saved();
  }

  /** Ends the member: what waits is told, the log is sealed. Leadership is moved by {@link transferLeader}. */
  async stop(): Promise<void> {
    if (this.#isStopping) return await this.#stopped.promise;
    this.#isStopping = true;
    this.#proposals.refuseMore();
    this.#post({ kind: "stop" });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(STOP_MS, resolve);
    await Promise.race([this.#stopped.promise, late]);
    cancel();
    this.#settleAll(stopping());
    this.#stopped.resolve();
    this.#end();
  }

  #end(): void {
    this.#isStopping = true;
    this.#metrics.hide();
    this.#worker.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #post(message: ToRaft): void {
    this.#worker.postMessage(message);
  }
}

function take<T>(map: Map<number, T>, id: number): T | undefined {
  const found = map.get(id);
  map.delete(id);
  return found;
}

function stopping(): WarrenError {
  return new WarrenError("STOPPING", "Cannot go on: this manager is stopping");
}
