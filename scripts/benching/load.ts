/**
 * A thousand services through the real API: the load that the creates and memory tables share.
 */
import { specOf, type TestApi } from "../../tests/harness/api.ts";
import { until } from "../../tests/harness/warren.ts";

/** How many services one load creates. */
export const SERVICES = 1_000;

/** Creates them with `callers` calls in flight; answers with each call's milliseconds. */
export async function createAll(api: TestApi, callers: number): Promise<number[]> {
  const latenciesMs: number[] = [];
  let next = 0;
  const caller = async () => {
    while (next < SERVICES) {
      const spec = specOf(`load-${next++}`, 1, { image: "none" });
      const startMs = performance.now();
      await api.create(spec);
      latenciesMs.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return latenciesMs;
}

/** Waits until each of them has its running task. */
export async function untilAllRun(api: TestApi): Promise<void> {
  await until("every task to run", async () => {
    const services = await api.list();
    return services.length === SERVICES && services.every(({ running }) => running === 1);
  }, 60_000);
}
