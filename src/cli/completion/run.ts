/**
 * `warren __complete -- WORDS…`: what the completion scripts call at each press of the key.
 *
 * Answers within the time that a person notices: names from the cluster are given a deadline, and when it
 * passes, or nothing answers, there are just none. It never fails and never writes to stderr.
 */
import type { CliIo } from "../io.ts";
import { ROOT } from "../tree/root.ts";
import { complete, formatCompletion } from "./engine.ts";
import { namesInCluster } from "./names.ts";

/** The word that the completion scripts call the program with. */
export const COMPLETE_WORD = "__complete";

/** Prints what can stand in place of the last word. */
export async function runCompletion(args: readonly string[], io: CliIo): Promise<number> {
  const typed = args[0] === "--" ? args.slice(1) : args;
  // Some shells cannot pass an empty word on, and send empty quotes instead.
  const words = typed.map((word, at) =>
    at === typed.length - 1 && /^(""|'')$/.test(word) ? "" : word
  );
  const answer = await complete(ROOT, words, (kind) => namesInCluster(kind, words, io));
  io.write("stdout", formatCompletion(answer));
  return 0;
}
