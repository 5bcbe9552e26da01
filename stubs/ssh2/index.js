// Stands in for ssh2, which docker-modem requires eagerly: Warren reaches the engine over a Unix
// socket or TCP only, and ssh2 cannot be bundled. Constructing a client says so.
class Client {
  constructor() {
    throw new Error("ssh:// engine addresses are not supported; use unix:// or tcp://");
  }
}
module.exports = { Client };
