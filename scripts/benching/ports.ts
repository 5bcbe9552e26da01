/** TCP ports of loopback that are free now, for processes that must know each other's before they start. */

/** `count` different ports; they are free when this returns, and nobody holds them for the caller. */
export function freePorts(count: number): readonly number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
