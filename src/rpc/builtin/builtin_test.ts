/** Health and reflection as a client of another maker would use them, over a real socket. */
import assert from "node:assert/strict";
import { noMetrics, realClock, silentLog } from "../../lib/mod.ts";
import { PROTO_FILES } from "../gen/descriptors.ts";
import { HealthService } from "../gen/grpc/health/v1/health.ts";
import {
  type ServerReflectionRequest,
  ServerReflectionService,
} from "../gen/grpc/reflection/v1/reflection.ts";
import { type Channel, createRpcServer, openChannel } from "../mod.ts";
import { HealthBoard, namesOfServed, reflectionServices } from "./mod.ts";

async function withServer(body: (channel: Channel, board: HealthBoard) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const address = { kind: "unix", path: `${folder}/api.sock` } as const;
  const board = new HealthBoard();
  await using server = createRpcServer({ log: silentLog, metrics: noMetrics, clock: realClock });
  server.addService(board.service());
  for (const service of reflectionServices(["b.Service", "a.Service"])) server.addService(service);
  await server.listen(address);
  const channel = openChannel(address);
  try {
    await body(channel, board);
  } finally {
    channel.close();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("health: Check answers the state, and NOT_FOUND for a service that is not there", async () => {
  await withServer(async (channel, board) => {
    board.set("", true);
    board.set("a.Service", false);
    const check = (service: string) => channel.unary(HealthService.check, { service });
    assert.equal((await check("")).status, 1);
    assert.equal((await check("a.Service")).status, 2);
    await assert.rejects(check("nope"), { code: "NOT_FOUND" });
  });
});

Deno.test("health: Watch sends the state and then each change", async () => {
  await withServer(async (channel, board) => {
    const seen: number[] = [];
    for await (const { status } of channel.serverStream(HealthService.watch, { service: "a" })) {
      seen.push(status);
      if (seen.length === 1) board.set("a", true);
      if (seen.length === 2) board.set("a", false);
      if (seen.length === 3) break;
    }
    assert.deepEqual(seen, [3, 1, 2]);
  });
});

const v1alpha = {
  ...ServerReflectionService.serverReflectionInfo,
  path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
};

for (
  const [version, method] of [
    ["v1", ServerReflectionService.serverReflectionInfo],
    ["v1alpha", v1alpha],
  ] as const
) {
  Deno.test(`reflection ${version}: lists services and gives files with what they import`, async () => {
    await withServer(async (channel) => {
      const call = channel.bidi(method);
      const ask = (messageRequest: ServerReflectionRequest["messageRequest"]) =>
        call.write({ host: "h", messageRequest });
      await ask({ $case: "listServices", value: "" });
      await ask({ $case: "fileContainingSymbol", value: "warren.v1.TaskService.ReadLogs" });
      await ask({ $case: "fileByFilename", value: "warren/v1/service.proto" });
      await ask({ $case: "fileByFilename", value: "nope.proto" });
      await ask(undefined);
      call.end();
      const answers = await Array.fromAsync(call.responses, (answer) => answer.messageResponse);
      assert.deepEqual(answers[0]?.value, {
        service: [{ name: "a.Service" }, { name: "b.Service" }],
      });
      assert(answers[1]?.$case === "fileDescriptorResponse");
      assert.equal(answers[1].value.fileDescriptorProto.length, 2);
      assert(answers[2]?.$case === "fileDescriptorResponse");
      const expected = PROTO_FILES.find(({ name }) => name === "warren/v1/service.proto");
      assert.equal(answers[2].value.fileDescriptorProto[0]?.toString("base64"), expected?.base64);
      assert.deepEqual(answers.slice(3).map((answer) => answer?.$case), [
        "errorResponse",
        "errorResponse",
      ]);
    });
  });
}

Deno.test("namesOfServed gives each service's full name once", () => {
  const services = [new HealthBoard().service(), ...reflectionServices([])];
  assert.deepEqual(namesOfServed(services), [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
  ]);
});
