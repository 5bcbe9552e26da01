/**
 * Where clients' requests arrive at members, and where they are answered once they were applied.
 *
 * Any member takes any request: it forwards writes to the leader it knows (rule H1), and asks its core for
 * an index to read at. What is asked of a stopped member waits with everything else that arrived.
 */
import type { Prng } from "../../src/lib/mod.ts";
import type { Entry, MemberId } from "../../src/raft/mod.ts";
import { checkProposed } from "./checks/bounds.ts";
import type { Clients } from "./clients.ts";
import { type Applied, encodeRequest, type Request } from "./machine.ts";
import type { Marks } from "./marks.ts";
import type { SimMember } from "./member.ts";
import type { Words } from "./checks/words.ts";

interface Waiting {
  readonly request: Request;
  readonly term: number;
}

interface Reader {
  readonly client: number;
  readonly sequence: number;
}

/** What the desk needs of the world. */
export interface Office {
  readonly marks: Marks;
  readonly words: Words;
  readonly clients: Clients;
  readonly tick: number;
  /** Sends a request on its way to another member. */
  forward(member: SimMember, to: MemberId, request: Request): void;
  /** Takes what the core hands out, at once or later. */
  maybePump(member: SimMember): void;
  /** Chance that an answer gets lost on its way to a client. */
  readonly loss: number;
}

/** Requests that wait for an answer. */
export class Desk {
  readonly #office: Office;
  readonly #prng: Prng;
  /** Requests that wait to be applied, by member and index. */
  readonly #waiting = new Map<string, Waiting>();
  /** Which client asked a read, by member and read. */
  readonly #readers = new Map<string, Reader>();

  constructor(office: Office, prng: Prng) {
    this.#office = office;
    this.#prng = prng;
  }

  /** A write arrives at `member`, from its client or from another member. */
  write(member: SimMember, request: Request, isForwarded: boolean): void {
    const [before, data] = [member.status(), encodeRequest(request)];
    const proposed = member.core?.propose(data);
    if (!proposed || !before) return;
    checkProposed(member, proposed, data.length, before);
    const { marks, clients, tick } = this.#office;
    if (proposed.isOk) {
      this.#waiting.set(`${member.id}/${proposed.index}`, { request, term: proposed.term });
      this.#office.maybePump(member);
    } else if (proposed.reason === "not leader" && proposed.leader !== null && !isForwarded) {
      this.#office.forward(member, proposed.leader, request);
    } else {
      if (proposed.reason === "too many uncommitted") {
        marks.hit(
          proposed.detail === ""
            ? "proposal refused: too many uncommitted"
            : "proposal refused: the machine is behind",
        );
      }
      if (proposed.reason === "transferring") marks.hit("proposal refused: transferring");
      clients.failed(request.client, tick);
    }
  }

  /** A read arrives at `member`. */
  read(member: SimMember, reader: Reader): void {
    const status = member.status();
    if (!status) return;
    const { marks, words } = this.#office;
    // The smallest number that is free: numbers are used again as soon as that is allowed.
    let read = 1;
    while (member.openReads.has(read)) read += 1;
    member.openReads.add(read);
    this.#readers.set(`${member.id}/${read}`, reader);
    if (status.role === "leader") {
      marks.hit("read at the leader");
      if (!status.hasOwnCommit) marks.hit("read waited for the first own commit");
    } else if (status.leader !== null) marks.hit("read forwarded");
    words.readTaken(member, `${member.id}/${read}`);
    member.core?.readIndex(read);
    this.#office.maybePump(member);
  }

  /** `member` applied `entry`: whoever waits for it there is answered. */
  applied(member: SimMember, entry: Entry, applied: Applied | undefined): void {
    const { marks, clients, tick, loss } = this.#office;
    if (applied?.isRepeat) marks.hit("request applied once though sent twice");
    const key = `${member.id}/${entry.index}`;
    const waiting = this.#waiting.get(key);
    if (!waiting) return;
    this.#waiting.delete(key);
    const { client } = waiting.request;
    if (waiting.term !== entry.term) {
      marks.hit("entry replaced before its client was answered");
      clients.failed(client, tick);
    } else if (applied?.outcome !== undefined && this.#prng.chance(1 - loss)) {
      clients.written(waiting.request, applied.outcome);
    }
  }

  /** A read may be answered now, the machine being far enough, or it failed. */
  answered(member: SimMember, id: number, isOk: boolean): void {
    const { marks, clients, tick } = this.#office;
    const key = `${member.id}/${id}`;
    const reader = this.#readers.get(key);
    this.#readers.delete(key);
    if (!isOk) marks.hit("read failed");
    if (!reader) return;
    const register = clients.wanted(reader.client, reader.sequence);
    if (register === undefined) return;
    if (isOk) clients.seen(reader.client, member.machine.read(register));
    else clients.failed(reader.client, tick);
  }

  /** `member` crashed: nobody is answered there any more. */
  forget(member: MemberId): void {
    for (const map of [this.#waiting, this.#readers]) {
      for (const key of map.keys()) if (key.startsWith(`${member}/`)) map.delete(key);
    }
  }
}
