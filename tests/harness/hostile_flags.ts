/**
 * Command lines that a tired, careless or hostile person could type, each with the exit code that
 * the contract asks for. None of them may change anything or disturb the daemon.
 */

/** A command line and how it must end. */
export interface HostileCommand {
  readonly args: readonly string[];
  /** 1 failed, 2 bad usage, 4 not found, 5 conflict. */
  readonly code: number;
  /** Standard input, for commands that read it. */
  readonly input?: string;
}

const CREATE = ["service", "create"];
const GOOD = ["--image", "busybox"];

function create(name: string, ...flags: readonly string[]): HostileCommand {
  return { args: [...CREATE, name, ...GOOD, ...flags], code: 2 };
}

/** Names that no service may have. */
const BAD_NAMES = [
  "",
  " ",
  "-web",
  "web-",
  "Web",
  "web_1",
  "web.1",
  "web/1",
  "../../etc/passwd",
  "wéb",
  "web\nname",
  "web\tname",
  "\u001b[31mweb",
  "a".repeat(64),
  "a".repeat(100_000),
  "$(touch /tmp/warren-hostile)",
  "`id`",
  "web;id",
  "web name",
  "%00",
  "🐇",
];

/** A flag with a value that it cannot have. */
const BAD_VALUES: readonly (readonly [flag: string, ...values: string[]])[] = [
  [
    "--replicas",
    "-1",
    "1.5",
    "1e3x",
    "ten",
    "NaN",
    "Infinity",
    "10001",
    "9".repeat(30),
    "0x10",
    "",
  ],
  ["--cpus", "-1", "many", "NaN", "1e400", "100000"],
  ["--memory", "-1", "1q", "lots", "1", "99999999999999999999g"],
  ["--reserve-memory", "abc"],
  ["--publish", "0", "65536", "-1", "80:80:80:80", "abc", "80/sctp", ":", "8080:", "99999:80"],
  ["--publish-mode", "both"],
  ["--env", "=value", "1=2 3", "A B=c", "K\nV=1"],
  ["--mode", "replicatd", "Global"],
  ["--restart", "sometimes", "always-ish"],
  ["--restart-delay", "soon", "-5s", "5 parsecs"],
  ["--restart-max-attempts", "-1", "x"],
  ["--stop-signal", "SIGNOPE", "99", "kill -9"],
  ["--stop-timeout", "never", "-1s"],
  ["--update-order", "middle-first"],
  ["--update-failure-action", "panic"],
  ["--update-max-failure-ratio", "2", "-0.1", "half"],
  ["--update-parallelism", "-2", "x"],
  ["--constraint", "node.labels", "node.color==red", "==", "node.labels.x=y", "a".repeat(2_000)],
  ["--health-tcp", "0", "70000", "http"],
  ["--health-http", "no-slash", "/x:99999"],
  ["--health-interval", "-1s", "x", "5s"],
  ["--health-retries", "-1", "x"],
  ["--volume", "relative:data", "v:relative", "v:/:rw:ro", ":", "v:/data:rwx", "v:/proc"],
  ["--secret", ":", "../x", "a:b:c:d"],
  ["--label", "=x", "\u0007=1"],
  ["--user", "a\nb"],
  ["--workdir", "relative/path"],
  ["--hostname", "-bad-", "a".repeat(300), "a b"],
  ["--max-per-node", "-1", "x"],
  ["--runtime", "podman"],
  ["--env-file", "/nonexistent/file", "/", "/dev/zero", "/proc/self/exe"],
  ["--spread", "node.name.x", ""],
  ["--entrypoint", "'open", '["a", 1]'],
  ["--command", '"open'],
  ["--network", "a b", "--"],
];

/** Flags that are good alone and wrong together. */
const BAD_TOGETHER: readonly (readonly string[])[] = [
  ["--health-cmd", "true", "--health-interval", "0"],
  ["--health-cmd", "true", "--health-http", "/"],
  ["--health-tcp", "80", "--no-health-check"],
  ["--mode", "global", "--replicas", "2"],
  ["--max-concurrent", "2"],
  ["--memory", "64m", "--reserve-memory", "128m"],
  ["--cpus", "1", "--reserve-cpus", "2"],
  ["-v", "a:/data", "-v", "b:/data"],
  ["-p", "80:80", "-p", "80:81"],
  ["-p", "80:80", "-p", "80:80"],
  ["--replicas", "2", "--replicas", "3"],
  ["--image", "again"],
  ["--command", "a", "--", "b"],
  ["--detach=maybe"],
  ["--detach", "yes"],
];

/** Commands about the things that the daemon under test has: a "steady", a "sealed" and others. */
const IN_THE_WAY: readonly (readonly [code: number, ...args: string[]])[] = [
  [1, "service", "rollback", "steady"],
  [4, "service", "rollback", "steady", "--to", "99"],
  [2, "service", "rollback", "steady", "--to", "-1"],
  [2, "service", "rollback", "steady", "--to", "9".repeat(20)],
  [2, "service", "scale", "steady=2147483648"],
  [2, "service", "scale", "steady=20000"],
  [2, "service", "scale", "steady=2", "steady=3"],
  [4, "service", "scale", "steady=2", "ghost=2"],
  [2, "service", "update", "steady", "--replicas=-1"],
  [2, "service", "update", "steady", "--publish-rm", "99"],
  [2, "service", "update", "steady", "--image", ""],
  [2, "service", "update", "steady", "--secret", "ghost"],
  [4, "service", "update", "ghost", "--env", "A=1"],
  [2, "service", "logs", "steady", "--tail", "-1"],
  [2, "service", "logs", "steady", "--since", "later"],
  [2, "exec", "steady"],
  [4, "node", "drain", "ghost"],
  [2, "node", "update", "ghost", "--label-add", "novalue"],
  [4, "node", "rm", "--force", "ghost"],
  [2, "secret", "create", "../up", "--from-literal", "x"],
  [2, "secret", "create", "a".repeat(65), "--from-literal", "x"],
  [2, "secret", "create", "big", "--from-file", "/dev/zero"],
  [2, "volume", "create", "thing", "--driver", "nfs"],
  [2, "volume", "create", "\u001b[2J"],
  [2, "config", "create", "thing", "--label", "=", "--from-literal", "x"],
  [2, "apply", "-f", "/dev/zero"],
  [2, "apply", "-f", "/proc/self/task"],
  [2, "plan", "-f", "/dev/zero"],
  [2, "delete", "-f", "/nonexistent"],
  [2, "apply", "-f", "-", "--prune"],
  [2, "events", "--type", "Service Exploded", "--no-follow"],
  [2, "events", "--since", "9".repeat(30), "--no-follow"],
  [3, "--host", "unix:///nonexistent/\u001b[31m.sock", "service", "list"],
  [3, "--host", "127.0.0.1:1", "--timeout", "2s", "service", "list"],
  [2, "--host", "127.0.0.1:99999", "service", "list"],
  [2, "--timeout", "0s", "service", "list"],
  [2, "--timeout", "9".repeat(400), "service", "list"],
  [2, "--timeout", "0", "service", "update", "steady", "--env", "A=1"],
];

/** Commands whose form is wrong. */
const BAD_FORMS: readonly (readonly string[])[] = [
  ["srvice", "list"],
  ["service", "lst"],
  ["service"],
  ["service", "create"],
  ["service", "create", "a", "b", "--image", "x"],
  ["service", "create", "web", "--image"],
  ["service", "create", "web", "--imge", "x"],
  ["service", "list", "--output", "xml"],
  ["service", "list", "--filter", "nonsense"],
  ["service", "list", "--no-such-flag"],
  ["service", "list", "-Z"],
  ["service", "scale", "web"],
  ["service", "scale", "web=many"],
  ["service", "scale", "web=-1"],
  ["service", "scale", "=3"],
  ["task", "logs"],
  ["secret", "create", "s"],
  ["secret", "create", "s", "--from-file", "/nonexistent"],
  ["secret", "create", "s", "--from-file", "/dev/null", "--from-literal", "x"],
  ["volume", "create", "v", "--opt", "novalue"],
  ["events", "--since", "yesterday-ish"],
  ["apply"],
  ["apply", "-f", "/nonexistent.yaml"],
  ["plan", "-f", "/proc/self/mem"],
  ["completion", "tcsh"],
  ["--host", "ftp://nowhere", "service", "list"],
  ["--host", "", "service", "list"],
  ["--timeout", "later", "service", "list"],
  ["--log-level", "loud", "service", "list"],
  ["node", "update", "x", "--availability", "sleepy"],
];

/** Commands about things that are not there. */
const NOT_THERE: readonly (readonly string[])[] = [
  ["service", "inspect", "ghost"],
  ["service", "rm", "ghost"],
  ["service", "scale", "ghost=2"],
  ["service", "rollback", "ghost"],
  ["service", "logs", "ghost"],
  ["service", "ps", "ghost"],
  ["task", "inspect", "ghost"],
  ["task", "logs", "ghost"],
  ["task", "exec", "ghost", "--", "true"],
  ["node", "inspect", "ghost"],
  ["node", "rm", "ghost"],
  ["secret", "inspect", "ghost"],
  ["secret", "rm", "ghost"],
  ["config", "rm", "ghost"],
  ["volume", "rm", "ghost"],
  ["volume", "inspect", "ghost"],
  ["why", "ghost"],
];

/**
 * Commands for names that are taken. That is found where the change is applied, so that two of them
 * cannot race: each is an entry of the log that changes nothing.
 */
export const TAKEN_NAMES: readonly HostileCommand[] = [
  ["service", "create", "steady", "--image", "other"],
  ["secret", "create", "sealed", "--from-literal", "other"],
  ["config", "create", "plain", "--from-literal", "other"],
  ["volume", "create", "burrow"],
].map((args) => ({ args, code: 5 }));

/** Every hostile command line that is refused before anything is proposed. */
export function hostileCommands(): readonly HostileCommand[] {
  return [
    ...BAD_NAMES.map((name) => create(name)),
    ...BAD_VALUES.flatMap(([flag, ...values]) =>
      values.map((value) => create("web", `${flag}=${value}`))
    ),
    ...BAD_TOGETHER.map((flags) => create("web", ...flags)),
    ...IN_THE_WAY.map(([code, ...args]) => ({ args, code })),
    ...BAD_FORMS.map((args) => ({ args, code: 2 })),
    ...NOT_THERE.map((args) => ({ args, code: 4 })),
    { args: [...CREATE, "web", ...GOOD, "--secret", "ghost"], code: 2 },
    { args: [...CREATE, "web", ...GOOD, "--publish-mode", "ingress", "-p", "80:80"], code: 2 },
    { args: ["apply", "-f", "-"], code: 2, input: "" },
    { args: ["apply", "-f", "-"], code: 2, input: "\u0000\u0001\u0002" },
  ];
}
