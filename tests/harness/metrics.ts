/** Metrics of a node as its endpoint writes them, for tests. */

/** Values by series, with labels as written: `warren_raft_is_leader` or `warren_nodes{role="worker",status="ready"}`. */
export async function readMetrics(base: string): Promise<ReadonlyMap<string, number>> {
  return parseMetrics(await readText(`${base}/metrics`));
}

/** The body of an answer, whatever its status. */
export async function readText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return await response.text();
}

/** The samples of an exposition. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

/** What `promtool check metrics` has against an exposition; "" when it is content. */
export async function faultsOfMetrics(base: string): Promise<string> {
  const child = new Deno.Command("promtool", {
    args: ["check", "metrics"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(await readText(`${base}/metrics`)));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return (decoder.decode(stdout) + decoder.decode(stderr)).trim();
}
