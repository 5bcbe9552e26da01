/** The completion scripts by shell. */
import { BASH_SCRIPT } from "./bash.ts";
import { FISH_SCRIPT } from "./fish.ts";
import { POWERSHELL_SCRIPT } from "./powershell.ts";
import { ZSH_SCRIPT } from "./zsh.ts";

/** Text of each script by the name of its shell. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH_SCRIPT,
  zsh: ZSH_SCRIPT,
  fish: FISH_SCRIPT,
  powershell: POWERSHELL_SCRIPT,
};
