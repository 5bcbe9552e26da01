/**
 * Clients with sessions: each asks for one thing at a time, at any member, and asks again under the
 * same number when it hears nothing. What they saw is the history that is judged at the end.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type { MemberId } from "../../src/raft/mod.ts";
import { checkHistory, type Operation } from "./checks/linearizability.ts";
import type { Outcome, Request } from "./machine.ts";
import { must } from "./checks/violation.ts";

/** How a client reaches a member. */
export interface Front {
  /** Members that run, in an order of their own. */
  running(): readonly MemberId[];
  write(member: MemberId, request: Request): void;
  read(member: MemberId, client: number, sequence: number): void;
}

interface Open {
  readonly kind: Operation["kind"];
  readonly key: string;
  readonly value: string;
  readonly expected: string;
  readonly sequence: number;
  readonly call: number;
  tries: number;
  retryTick: number;
}

interface Client {
  readonly id: number;
  sequence: number;
  nextTick: number;
  open: Open | null;
  /** What it last saw of each register, as a guess for compare-and-set. */
  readonly seen: Map<string, string>;
}

/** Operations on one register before another one is used: long histories take too long to judge. */
const OPERATIONS_PER_KEY = 100;
const REGISTERS = 3;

/** All clients and their history. */
export class Clients {
  readonly #prng: Prng;
  readonly #front: Front;
  readonly #restTicks: number;
  readonly #clients: Client[];
  readonly #history = new Map<string, Operation[]>();
  /** Orders calls and returns. */
  #moment = 0;
  #begun = 0;
  /** Operations with a known outcome. */
  finished = 0;
  /** Whether new operations are begun. */
  isOpen = true;

  constructor(prng: Prng, front: Front, count: number, restTicks: number) {
    this.#prng = prng;
    this.#front = front;
    this.#restTicks = restTicks;
    this.#clients = Array.from({ length: count }, (_, id) => ({
      id,
      sequence: 0,
      nextTick: 0,
      open: null,
      seen: new Map<string, string>(),
    }));
  }

  /** One tick of the world. */
  step(tick: number): void {
    for (const client of this.#clients) {
      if (!client.open && this.isOpen && tick >= client.nextTick) this.#begin(client);
      if (client.open && tick >= client.open.retryTick) this.#try(client, client.open, tick);
    }
  }

  /** Whether nobody waits for anything. */
  get isIdle(): boolean {
    return this.#clients.every(({ open }) => open === null);
  }

  #begin(client: Client): void {
    const prng = this.#prng;
    const epoch = Math.floor(this.#begun / (OPERATIONS_PER_KEY * REGISTERS));
    const key = `r${epoch}.${prng.below(REGISTERS)}`;
    const kind = prng.pick(["get", "get", "put", "cas"] as const);
    client.sequence += 1;
    this.#begun += 1;
    client.open = {
      kind,
      key,
      value: `${client.id}.${client.sequence}`,
      expected: client.seen.get(key) ?? "",
      sequence: client.sequence,
      call: ++this.#moment,
      tries: 0,
      retryTick: 0,
    };
  }

  #try(client: Client, open: Open, tick: number): void {
    open.tries += 1;
    open.retryTick = tick + 30 + this.#prng.below(150);
    if (open.tries > 4 && this.isOpen && this.#prng.chance(0.1) && this.#mayGiveUp(open)) {
      this.#record(client, open, Infinity, null);
      return;
    }
    const running = this.#front.running();
    if (running.length === 0) return;
    const member = this.#prng.pick(running);
    if (open.kind === "get") {
      this.#front.read(member, client.id, open.sequence);
    } else {
      const { sequence, key, kind, value, expected } = open;
      this.#front.write(member, { client: client.id, sequence, key, kind, value, expected });
    }
  }

  /** Nobody knows what becomes of a write that is given up; too many of those cannot be judged. */
  #mayGiveUp({ kind, key }: Open): boolean {
    const unknown = this.#history.get(key)?.filter((op) =>
      op.kind !== "get" && op.ret === Infinity
    );
    return kind === "get" || (unknown?.length ?? 0) < 4;
  }

  /** A write was answered by a member that applied it. */
  written(request: Request, outcome: Outcome): void {
    const client = this.#clients[request.client];
    const open = client?.open;
    if (!client || !open || open.sequence !== request.sequence) return;
    if (outcome) client.seen.set(open.key, open.value);
    this.#record(client, open, ++this.#moment, outcome);
  }

  /** Which register a client still wants to read; undefined when it has its answer from elsewhere. */
  wanted(clientId: number, sequence: number): string | undefined {
    const open = this.#clients[clientId]?.open;
    return open?.kind === "get" && open.sequence === sequence ? open.key : undefined;
  }

  /** A read was answered. */
  seen(clientId: number, value: string): void {
    const client = this.#clients[clientId];
    if (!client?.open) return;
    client.seen.set(client.open.key, value);
    this.#record(client, client.open, ++this.#moment, value);
  }

  /** Nothing came of it: the client asks again soon, elsewhere. */
  failed(clientId: number, tick: number): void {
    const open = this.#clients[clientId]?.open;
    if (open) open.retryTick = Math.min(open.retryTick, tick + 1 + this.#prng.below(20));
  }

  #record(client: Client, open: Open, ret: number, seen: Operation["seen"]): void {
    const { kind, key, value, expected, call } = open;
    const history = this.#history.get(key) ?? [];
    this.#history.set(key, history);
    history.push({ client: client.id, kind, value, expected, call, ret, seen });
    if (ret !== Infinity) this.finished += 1;
    client.open = null;
    client.nextTick = 0;
    this.#rest(client);
  }

  #rest(client: Client): void {
    client.nextTick = this.#now + this.#prng.below(this.#restTicks);
  }

  #now = 0;

  /** The time, for rests between operations. */
  set now(tick: number) {
    this.#now = tick;
  }

  /** Judges everything that was seen. */
  check(): void {
    for (const client of this.#clients) {
      if (client.open) this.#record(client, client.open, Infinity, null);
    }
    for (const [key, history] of this.#history) {
      const verdict = checkHistory(history);
      const why = () => `${key} is ${verdict}:\n${explain(history)}`;
      must(verdict === "linearizable", "linearizability", why);
    }
  }
}

/** The last operations up to the first return that cannot be explained. */
function explain(history: readonly Operation[]): string {
  const returns = history.map(({ ret }) => ret).filter((ret) => ret !== Infinity);
  const upTo = (moment: number) =>
    history.filter(({ call }) => call <= moment).map((op) =>
      op.ret <= moment ? op : { ...op, ret: Infinity }
    );
  const first = returns.sort((a, b) => a - b).find((moment) =>
    checkHistory(upTo(moment)) !== "linearizable"
  );
  return upTo(first ?? Infinity).slice(-12).map(describe).join("\n");
}

function describe({ client, kind, value, expected, call, ret, seen }: Operation): string {
  const what = { get: `${seen}`, put: value, cas: `${expected}>${value} ${seen}` }[kind];
  return `${call}-${ret === Infinity ? "?" : ret} client ${client} ${kind} ${what}`;
}
