/** The transport in memory against the contract. */
import type { MemberId } from "../../../raft/mod.ts";
import type { Transport } from "../transport.ts";
import { MemoryNetwork } from "./memory_transport.ts";
import {
  type StartOptions,
  testTransportContract,
  type TransportHarness,
} from "./transport_contract.ts";

/** Routes are fixed before a member starts, so addresses are made of ids. */
class MemoryHarness implements TransportHarness {
  readonly #network = new MemoryNetwork();

  start({ self, ...rest }: StartOptions): Promise<Transport> {
    return this.#network.start({
      ...rest,
      self: { ...self, advertiseAddr: addressOf(self.memberId) },
    });
  }

  route(_from: MemberId, to: MemberId): string {
    return addressOf(to);
  }

  crash(member: MemberId): Promise<void> {
    this.#network.crash(member);
    return Promise.resolve();
  }

  cut(a: MemberId, b: MemberId): void {
    this.#network.cut(a, b);
  }

  hold(from: MemberId, to: MemberId): void {
    this.#network.hold(from, to);
  }

  heal(a: MemberId, b: MemberId): void {
    this.#network.heal(a, b);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#network[Symbol.asyncDispose]();
  }
}

function addressOf(id: MemberId): string {
  return `${id}:1`;
}

testTransportContract("transport in memory", () => Promise.resolve(new MemoryHarness()));
