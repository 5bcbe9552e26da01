/**
 * The command line of this process without what must stay secret.
 *
 * Used by the pprof index. Pure. Invariant: the value of a flag that may carry a token, password,
 * key or literal never comes out, in either form, `--flag value` or `--flag=value`.
 */

const SECRET_FLAG =
  /^--?[\w-]*(token|secret|password|passphrase|key|literal|auth|credential)[\w-]*/i;
/** Join tokens, wherever they stand. */
const TOKEN = /\bWTKN-[\w-]+/g;
const HIDDEN = "[redacted]";

/** `args` with secret values replaced. */
export function redactArgs(args: readonly string[]): string[] {
  let hideNext = false;
  return args.map((arg) => {
    if (hideNext) {
      hideNext = false;
      return HIDDEN;
    }
    const flag = SECRET_FLAG.exec(arg)?.[0];
    if (flag === undefined) return arg.replace(TOKEN, HIDDEN);
    if (arg.startsWith("=", flag.length)) return `${flag}=${HIDDEN}`;
    hideNext = true;
    return arg;
  });
}
