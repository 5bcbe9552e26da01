import assert from "node:assert/strict";
import { planInstall } from "./install_plan.ts";

const SCRIPTS = { bash: "b", zsh: "z", fish: "f", powershell: "p" };

Deno.test("planInstall puts program, link, scripts and unit in place", () => {
  const steps = planInstall({
    prefix: "/usr/local",
    program: "/tmp/warren-linux-amd64",
    hasUnit: true,
    scripts: SCRIPTS,
  });
  assert.deepEqual(steps.map(({ path }) => path), [
    "/usr/local/bin/warren",
    "/usr/local/bin/wrn",
    "/usr/local/share/bash-completion/completions/warren",
    "/usr/local/share/bash-completion/completions/wrn",
    "/usr/local/share/zsh/site-functions/_warren",
    "/usr/local/share/fish/vendor_completions.d/warren.fish",
    "/usr/local/share/fish/vendor_completions.d/wrn.fish",
    "/etc/systemd/system/warren.service",
  ]);
  const unit = steps.at(-1);
  assert.ok(
    unit?.kind === "unit" && unit.text.includes("ExecStart=/usr/local/bin/warren daemon\n"),
  );
});

Deno.test("planInstall installs no program when there is none to copy", () => {
  const steps = planInstall({ prefix: "/p", program: null, hasUnit: false, scripts: {} });
  assert.deepEqual(steps, []);
});
