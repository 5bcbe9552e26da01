/**
 * The network between members: delay, loss, copies, overtaking, cuts, clogged links, bounded queues.
 *
 * A message belongs to one life of its sender and one of its receiver, as connections do; what a
 * restarted member is sent before its peers have met it again never arrives.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type { MemberId, Message } from "../../src/raft/mod.ts";
import type { MachineImage, Request } from "./machine.ts";
import type { Faults } from "./options.ts";

/** What travels: a word of consensus, or a client's request on its way to the leader. */
export type Cargo =
  | { readonly kind: "raft"; readonly message: Message; readonly image: MachineImage | null }
  | { readonly kind: "request"; readonly request: Request };

/** A packet. */
export interface Packet {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly fromLife: number;
  readonly toLife: number;
  readonly cargo: Cargo;
}

interface Link {
  cutUntil: number;
  clogUntil: number;
  lastTick: number;
  load: number;
}

/** All links. */
export class Network {
  readonly #prng: Prng;
  readonly #links = new Map<string, Link>();
  /** Packets by the tick at which they arrive. */
  readonly #due = new Map<number, Packet[]>();
  faults: Faults;
  /** A packet that will not arrive. */
  onLost: (packet: Packet) => void = () => {};

  constructor(prng: Prng, faults: Faults) {
    this.#prng = prng;
    this.faults = faults;
  }

  /** Sends a packet; it may be lost, late, twice there. */
  send(packet: Packet, tick: number): void {
    const { loss, duplicate, queue } = this.faults;
    const link = this.#link(packet.from, packet.to);
    const isFull = queue > 0 && link.load >= queue;
    if (isFull || this.#prng.chance(loss)) return this.onLost(packet);
    this.#schedule(packet, link, tick);
    if (duplicate > 0 && this.#prng.chance(duplicate)) this.#schedule(packet, link, tick);
  }

  #schedule(packet: Packet, link: Link, tick: number): void {
    const { delay, reorder } = this.faults;
    const isBulk = packet.cargo.kind === "raft" && packet.cargo.message.kind === "snapshot";
    const mean = isBulk ? delay * 4 + 2 : delay;
    let at = tick + 1 + Math.floor(-Math.log(1 - this.#prng.float()) * mean);
    at = Math.max(at, link.clogUntil);
    const mayOvertake = isBulk || (reorder > 0 && this.#prng.chance(reorder));
    if (!mayOvertake) {
      at = Math.max(at, link.lastTick);
      link.lastTick = at;
    }
    link.load += 1;
    const due = this.#due.get(at);
    if (due) due.push(packet);
    else this.#due.set(at, [packet]);
  }

  /** What arrives now. */
  arrivals(tick: number): readonly Packet[] {
    const due = this.#due.get(tick);
    if (!due) return [];
    this.#due.delete(tick);
    return due.filter((packet) => {
      const link = this.#link(packet.from, packet.to);
      link.load -= 1;
      if (link.cutUntil <= tick) return true;
      this.onLost(packet);
      return false;
    });
  }

  /** Packets from `from` to `to` are lost until `tick`. */
  cut(from: MemberId, to: MemberId, tick: number): void {
    const link = this.#link(from, to);
    link.cutUntil = Math.max(link.cutUntil, tick);
  }

  /** Whether packets from `from` reach `to`. */
  isCut(from: MemberId, to: MemberId, tick: number): boolean {
    return this.#link(from, to).cutUntil > tick;
  }

  /** Whether packets from `from` reach `to`, and soon. */
  isOpen(from: MemberId, to: MemberId, tick: number): boolean {
    const { cutUntil, clogUntil } = this.#link(from, to);
    return cutUntil <= tick && clogUntil <= tick;
  }

  /** What is sent from `from` to `to` arrives after `tick`, all at once. */
  clog(from: MemberId, to: MemberId, tick: number): void {
    this.#link(from, to).clogUntil = tick;
  }

  /** The connection broke: what was under way is gone, all of it or only the newer part. */
  reset(from: MemberId, to: MemberId): void {
    for (const [at, packets] of this.#due) {
      const [lost, kept] = [[] as Packet[], [] as Packet[]];
      for (const packet of packets) {
        const isHit = packet.from === from && packet.to === to && this.#prng.chance(0.8);
        (isHit ? lost : kept).push(packet);
      }
      if (lost.length === 0) continue;
      this.#due.set(at, kept);
      this.#link(from, to).load -= lost.length;
      lost.forEach(this.onLost);
    }
  }

  /** Nothing is cut or clogged any more. */
  heal(): void {
    for (const link of this.#links.values()) link.cutUntil = link.clogUntil = link.lastTick = 0;
  }

  /** Packets under way. */
  get load(): number {
    return [...this.#due.values()].reduce((sum, packets) => sum + packets.length, 0);
  }

  #link(from: MemberId, to: MemberId): Link {
    const key = `${from}>${to}`;
    const link = this.#links.get(key);
    if (link) return link;
    const made = { cutUntil: 0, clogUntil: 0, lastTick: 0, load: 0 };
    this.#links.set(key, made);
    return made;
  }
}
