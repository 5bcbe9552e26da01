/** What `warren install` puts where. Pure: places and texts only. */

/** One file to have in place. */
export type InstallStep =
  | { readonly kind: "program"; readonly path: string; readonly from: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "completion" | "unit"; readonly path: string; readonly text: string };

/** What the steps depend on. */
export interface InstallInputs {
  /** Without a slash at its end. */
  readonly prefix: string;
  /** The packaged file; `null` when the program runs from its sources. */
  readonly program: string | null;
  readonly hasUnit: boolean;
  /** Completion scripts by shell; empty for none. */
  readonly scripts: Readonly<Record<string, string>>;
}

/** Where each shell looks for scripts, below the prefix. */
const COMPLETION_PATHS: Readonly<Record<string, readonly string[]>> = {
  bash: ["share/bash-completion/completions/warren", "share/bash-completion/completions/wrn"],
  zsh: ["share/zsh/site-functions/_warren"],
  fish: ["share/fish/vendor_completions.d/warren.fish", "share/fish/vendor_completions.d/wrn.fish"],
};

/** The steps, in their order. */
export function planInstall(inputs: InstallInputs): readonly InstallStep[] {
  const { prefix, program } = inputs;
  const path = `${prefix}/bin/warren`;
  const copy: InstallStep[] = program === null ? [] : [{ kind: "program", path, from: program }, {
    kind: "link",
    path: `${prefix}/bin/wrn`,
    target: "warren",
  }];
  const completion = Object.entries(inputs.scripts).flatMap(([shell, text]) =>
    (COMPLETION_PATHS[shell] ?? []).map((place): InstallStep => ({
      kind: "completion",
      path: `${prefix}/${place}`,
      text,
    }))
  );
  const unit: InstallStep[] = inputs.hasUnit
    ? [{ kind: "unit", path: "/etc/systemd/system/warren.service", text: unitText(path) }]
    : [];
  return [...copy, ...completion, ...unit];
}

/** Only its own process is stopped with the unit, so containers and processes of tasks live on. */
function unitText(program: string): string {
  return `[Unit]
Description=Warren
ConditionPathExists=/var/lib/warren
Wants=network-online.target
After=network-online.target docker.service

[Service]
ExecStart=${program} daemon
Restart=always
RestartSec=2
KillMode=process
TimeoutStopSec=60
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
`;
}
