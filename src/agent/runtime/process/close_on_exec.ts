/**
 * Keeps children from inheriting open files and sockets of this process.
 *
 * Called before anything long-lived is started. The engine marks what it opens as close-on-exec, but
 * not the listening Unix sockets that its Node layer makes, nor what this process itself inherited: a
 * host process would hold the manager's socket open long after the manager was killed. Linux only;
 * elsewhere nothing happens. Invariant: it only ever adds the mark, to descriptors above 2.
 */

/** `O_CLOEXEC` in /proc/self/fdinfo, `F_SETFD` and `FD_CLOEXEC` of fcntl(2). */
const O_CLOEXEC = 0o2000000;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Marks every descriptor that would be inherited. Costs a millisecond when there is none to mark. */
export function closeOnExec(): void {
  if (Deno.build.os !== "linux") return;
  const inherited: number[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    if (Number(name) > 2 && isInherited(name)) inherited.push(Number(name));
  }
  if (inherited.length === 0) return;
  const libc = Deno.dlopen("libc.so.6", {
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  });
  for (const fd of inherited) libc.symbols.fcntl(fd, F_SETFD, FD_CLOEXEC);
  libc.close();
}

function isInherited(fd: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // Closed meanwhile, as the listing's own descriptor is.
  }
}
