/** `warren completion SHELL`: prints the script that makes a shell complete this program. */
import { quoted, usageError } from "../parse/usage.ts";
import { SCRIPTS } from "../completion/scripts/mod.ts";
import type { Command } from "../tree/command.ts";

/** The command. */
export const completionCommand: Command = {
  name: "completion",
  group: "Program",
  summary: "Print the completion script of a shell",
  description:
    'The script completes commands, flags and the names in the running cluster, for both "warren" and ' +
    '"wrn". It never evaluates what was typed. "warren install" puts it in place.',
  args: [{ name: "SHELL", summary: "the shell", choices: Object.keys(SCRIPTS) }],
  examples: [
    { line: "source <(warren completion bash)", does: "bash, for this session" },
    { line: "source <(warren completion zsh)", does: "zsh, for this session" },
    { line: "warren completion fish | source", does: "fish, for this session" },
    {
      line: "warren completion powershell | Out-String | Invoke-Expression",
      does: "PowerShell, for this session",
    },
  ],
  run: (context) => {
    const script = SCRIPTS[context.arg(0)];
    if (script === undefined) throw usageError(`Unknown shell ${quoted(context.arg(0))}`);
    context.print(script);
    return Promise.resolve(0);
  },
};
