/**
 * The signals that end a daemon: the first one gracefully, the second one at once.
 *
 * SIGHUP comes when the terminal of a daemon is closed, and then counts as the others do; a daemon
 * that was started with `nohup` has it ignored and runs on.
 */

/** What was told so far. */
export interface Signals {
  /** To stop. */
  readonly first: Promise<Deno.Signal>;
  /** To stop without any more waiting. */
  readonly second: Promise<Deno.Signal>;
  /** Gives the signals back to the system. */
  release(): void;
}

/** Listens from now on. */
export function watchSignals(): Signals {
  const first = Promise.withResolvers<Deno.Signal>();
  const second = Promise.withResolvers<Deno.Signal>();
  // Asked first: with its first listener the runtime takes SIGHUP over, ignored or not.
  const runsOn = isHangupIgnored();
  let count = 0;
  const listeners = (["SIGTERM", "SIGINT", "SIGHUP"] as const).map((signal) => {
    const listener = () => {
      if (signal !== "SIGHUP" || !runsOn) (count++ === 0 ? first : second).resolve(signal);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return {
    first: first.promise,
    second: second.promise,
    release: () => listeners.forEach((remove) => remove()),
  };
}

/** Whether whoever started this process had SIGHUP ignored; where that is not told, it counts as not. */
function isHangupIgnored(): boolean {
  try {
    return ignoresHangup(Deno.readTextFileSync("/proc/self/status"));
  } catch {
    return false; // no such file: not Linux
  }
}

/** Whether SIGHUP, the lowest bit, is set in the mask of ignored signals. Pure. */
export function ignoresHangup(status: string): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (parseInt(mask.slice(-1), 16) & 1) === 1;
}
