/**
 * The managers that a client may ask, one at a time: whoever answered last is asked first.
 *
 * Holds one lazy connection per address; at most {@link MAX_ADDRESSES}.
 */
import { WarrenError } from "../lib/mod.ts";
import type { Channel } from "../rpc/mod.ts";

/** Managers that one client knows at most. */
export const MAX_ADDRESSES = 32;

/** Connections in the order of their addresses. */
export class ChannelPool {
  readonly #channels: readonly Channel[];
  #at = 0;

  /** @throws WarrenError USAGE for none or too many */
  constructor(channels: readonly Channel[]) {
    if (channels.length === 0 || channels.length > MAX_ADDRESSES) {
      const message = `Cannot use ${channels.length} addresses of managers`;
      throw new WarrenError("USAGE", message, { hint: `give 1 to ${MAX_ADDRESSES}` });
    }
    this.#channels = channels;
  }

  /** How many there are. */
  get size(): number {
    return this.#channels.length;
  }

  /** As users write them, separated by commas. */
  get address(): string {
    return this.#channels.map(({ address }) => address).join(",");
  }

  /** The one to ask. */
  get current(): Channel {
    const channel = this.#channels[this.#at];
    if (!channel) throw new WarrenError("USAGE", "There is no manager to ask");
    return channel;
  }

  /** `failed` did not answer: another one is asked from now on, unless that has happened already. */
  leave(failed: Channel): void {
    if (this.current === failed) this.#at = (this.#at + 1) % this.#channels.length;
  }

  /** Ends every connection; calls under way fail. */
  close(): void {
    for (const channel of this.#channels) channel.close();
  }
}
