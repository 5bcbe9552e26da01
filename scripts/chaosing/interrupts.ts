/**
 * What has to be undone when somebody presses Ctrl-C: processes that were started, directories that
 * were made. On the ordinary way out their owners undo it themselves and take their entry back.
 */

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
      for (const undo of [...undoings].reverse()) undo();
      Deno.exit(130);
    });
  }
}
