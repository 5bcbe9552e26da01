/** The data directory of manager m1 of a group of three, stopped: for tests of what recovers it. */
import { assert, wallMs } from "../../../lib/mod.ts";
import { foundAlone } from "../../../manager/offline/mod.ts";
import { appendForTest } from "../../../manager/offline/testing/append.ts";
import { encodeState } from "../../../store/mod.ts";
import { DataDir } from "../../data_dir.ts";
import { savedPart, settleSettings } from "../../settings.ts";
import { NO_FLAGS, type RichState, richState } from "./rich_state.ts";

/** Makes it at `path`. Its log ends with a change that perhaps nobody confirmed. */
export async function makeSurvivor(
  path: string,
  options: { readonly kind?: "manager" | "worker"; readonly hasAddresses?: boolean } = {},
): Promise<RichState & { readonly path: string }> {
  const state = await richState(options);
  const { fixture, clusterId, managers, worker } = state;
  const [self] = managers;
  assert(self, "there are managers");
  const { id: nodeId, memberId } = self;
  {
    using dir = await DataDir.open(path);
    await dir.saveIdentity({
      ...{ nodeId, memberId, clusterId, credential: "secret", isFounder: true, hasLog: true },
    });
    const place = { dataDir: path, machine: { hostname: "h", defaultSocket: "/s" } };
    const settings = savedPart(settleSettings("init", NO_FLAGS, null, place));
    await dir.saveSettings({ ...settings, kind: options.kind ?? "manager" });
    await dir.savePeers([{ id: "member-m2", address: "127.0.0.1:1" }]);
  }
  const { index } = fixture.view;
  const pieces = encodeState(fixture.store.snapshot());
  foundAlone(`${path}/log`, { memberId, clusterId, term: 41, index, pieces });
  appendForTest(`${path}/log`, {
    ...{ memberId, clusterId, term: 42 },
    voters: managers.map((manager) => manager.memberId),
    actions: [{ kind: "node.update", id: worker.id, labels: { added: "last" } }],
    atMs: wallMs(1_800_000_000_000),
  });
  return { ...state, path };
}
