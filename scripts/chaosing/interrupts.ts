// deno-lint-ignore-file no-console
/**
 * What has to be undone when somebody presses Ctrl-C: processes that were started, directories that
 * were made. On the ordinary way out their owners undo it themselves and take their entry back.
 */

/** Attempts of each, since what was just killed may still write into what is to be removed. */
const ATTEMPTS = 40;
const PAUSE_MS = 50;

const undoings = new Set<() => void>();

/** Runs `undo` on an interrupt; the answer takes it back. `undo` must be synchronous. */
export function onInterrupt(undo: () => void): () => void {
  undoings.add(undo);
  return () => void undoings.delete(undo);
}

/** Listens for interrupts until the process ends. */
export function watchInterrupts(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      for (const undo of [...undoings].reverse()) tryToUndo(undo);
      Deno.exit(130);
    });
  }
}

/** What cannot be undone in the end is told and left. */
function tryToUndo(undo: () => void): void {
  const timer = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return undo();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return; // it is undone already
      if (attempt === ATTEMPTS) console.error(`left behind: ${error}`);
    }
    Atomics.wait(timer, 0, 0, PAUSE_MS);
  }
}
