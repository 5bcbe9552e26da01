/** Processor time of other processes, as the kernel counts it. */

/** Kernel ticks in a second, which Linux has fixed for programs. */
const TICKS_PER_SECOND = 100;

/** Seconds of user and system time that the process `pid` has used so far. */
export function cpuSecondsOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
