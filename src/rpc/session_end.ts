/**
 * Ends HTTP/2 sessions a turn later than they were told to.
 *
 * The runtime frees a session's native part as soon as it is destroyed, also while that part is still
 * reading: a peer's GOAWAY closes an idle session from within its own reading, and the process would
 * crash (denoland/deno#36788). Imported for its effect by the server and the channel, before the first
 * session. Invariant: no session is destroyed while its frames are being read or written.
 */
import http2 from "node:http2";

interface Session {
  readonly destroyed: boolean;
  destroy(...reason: readonly unknown[]): void;
}

/** Makes `destroy` of every session wait until the frames in hand are done with. */
function endLater(prototype: Session): void {
  const { destroy } = prototype;
  prototype.destroy = function (this: Session, ...reason) {
    setImmediate(() => {
      if (!this.destroyed) destroy.apply(this, [...reason]);
    });
  };
}

const sessionClass: unknown = Reflect.get(http2, "Http2Session");
if (typeof sessionClass === "function") endLater(sessionClass.prototype);
