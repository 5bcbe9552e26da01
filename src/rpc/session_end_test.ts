import assert from "node:assert/strict";
import { createServer, type ServerHttp2Session } from "node:http2";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import "./session_end.ts";

/** Preface, empty SETTINGS, and a GOAWAY that says that all is well. */
const GOODBYE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
]);

Deno.test("a session whose peer says goodbye ends only after its frames were read", async () => {
  const server = createServer();
  const folder = await Deno.makeTempDir();
  let socket: Socket | undefined;
  try {
    const ended = Promise.withResolvers<boolean>();
    server.on("session", (session: ServerHttp2Session) => {
      // In the turn in which the frame is read, before anything that was put off to a later one.
      session.on("goaway", () => queueMicrotask(() => ended.resolve(session.destroyed)));
    });
    server.listen(`${folder}/s.sock`);
    await once(server, "listening");
    socket = connect(`${folder}/s.sock`);
    socket.write(GOODBYE);
    assert.equal(await ended.promise, false);
    socket.resume();
    await once(socket, "close");
  } finally {
    socket?.destroy();
    await new Promise((resolve) => server.close(resolve));
    await Deno.remove(folder, { recursive: true });
  }
});
