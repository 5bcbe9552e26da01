/**
 * Cuts managers off from each other on one loopback device.
 *
 * Each manager runs under a group id of its own. Connections are marked by who opened them to whom;
 * a cut drops every packet of the marked ones, in both directions, so open connections fall silent
 * just as new ones do. Clients are not marked, and reach everybody throughout. Only within a network
 * namespace made for the purpose, whose end takes the rules with it.
 */
import type { Manager } from "./manager.ts";

const FIRST_GROUP_ID = 20_001;

/** The words that start a manager so that its connections can be told from others'. */
export function groupPrefix(index: number): readonly string[] {
  return ["setpriv", `--regid=${FIRST_GROUP_ID + index}`, "--keep-groups", "--"];
}

/** Marks the connections between all `managers`; once per namespace and group. */
export async function markConnections(managers: readonly Manager[]): Promise<void> {
  await iptables(["-F", "OUTPUT"]);
  for (const { from, to, mark } of pairs(managers)) {
    for (const port of [to.options.apiPort, to.options.raftPort]) {
      await iptables([
        ...["-A", "OUTPUT", "-p", "tcp", "--dport", String(port)],
        ...["-m", "owner", "--gid-owner", String(FIRST_GROUP_ID + managers.indexOf(from))],
        ...["-m", "conntrack", "--ctstate", "NEW", "-j", "CONNMARK", "--set-mark", String(mark)],
      ]);
    }
  }
}

/** Cuts `one` off from all others; the answer heals it. */
export async function isolate(
  managers: readonly Manager[],
  one: Manager,
): Promise<() => Promise<void>> {
  const rules = pairs(managers).filter(({ from, to }) => from === one || to === one)
    .map(({ mark }) => ["OUTPUT", "-m", "connmark", "--mark", String(mark), "-j", "DROP"]);
  for (const rule of rules) await iptables(["-A", ...rule]);
  return async () => {
    for (const rule of rules) await iptables(["-D", ...rule]);
  };
}

function pairs(managers: readonly Manager[]) {
  return managers.flatMap((from, i) =>
    managers.flatMap((to, j) => from === to ? [] : [{ from, to, mark: (i + 1) * 16 + j + 1 }])
  );
}

async function iptables(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("iptables", { args: ["-w", ...args] })
    .output();
  if (!success) throw new Error(`iptables ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
