/** The command reference has every command as it is now. */
import assert from "node:assert/strict";
import { CLI_PAGE, renderCliPage } from "./gen_cli_docs.ts";
import { ROOT } from "./packaging/paths.ts";

Deno.test("renderCliPage finds nothing stale in docs/cli-reference.md", async () => {
  const page = await Deno.readTextFile(`${ROOT}/${CLI_PAGE}`);
  assert.equal(renderCliPage(), page, "run: deno run -A scripts/gen_cli_docs.ts");
});

Deno.test("renderCliPage names every command of the contract that one node has", () => {
  const page = renderCliPage();
  const commands = [
    ...["cluster init", "cluster info", "cluster join-token", "worker start", "daemon"],
    ...["node list", "node inspect", "node ps", "node update", "node rm", "node drain"],
    ...["node activate", "node pause", "service create", "service list", "service inspect"],
    ...["service ps", "service update", "service scale", "service rollback", "service history"],
    ...["service restart", "service logs", "service rm", "task list", "task inspect", "task logs"],
    ...["task exec", "task stats", "exec", "logs", "ps", "secret create", "config create"],
    ...["volume create", "plan", "apply", "delete", "export", "events", "why", "top", "completion"],
    ...["version", "install"],
  ];
  for (const name of commands) assert.ok(page.includes(`\n## warren ${name}\n`), name);
});
