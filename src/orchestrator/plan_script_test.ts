/** Runs the scripts of the planner: `deno test -A src/orchestrator -- --rewrite` renews them. */
import { testScripts } from "../../tests/harness/datadriven.ts";
import { worldRunner } from "../../tests/harness/world_script.ts";

testScripts("plan", new URL("./testdata/", import.meta.url), worldRunner);
