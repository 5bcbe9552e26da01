/** Runs the scripts of consensus: `deno test -A src/raft/script_test.ts -- --rewrite` renews them. */
import { testScripts } from "../../tests/harness/datadriven.ts";
import { labRunner } from "./testing/lab_script.ts";

testScripts("RaftCore", new URL("./testdata/", import.meta.url), labRunner);
