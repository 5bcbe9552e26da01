/** Runs the timelines of rollouts: `deno test -A src/deploy -- --rewrite` renews them. */
import { testScripts } from "../../tests/harness/datadriven.ts";
import { worldRunner } from "../../tests/harness/world_script.ts";

testScripts("rolling", new URL("./testdata/", import.meta.url), worldRunner);
