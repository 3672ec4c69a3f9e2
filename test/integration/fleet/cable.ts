/** A piece of network between agents and their controller that a test can cut at any moment. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Cable extends AsyncDisposable {
  /** Where agents dial instead of the controller. */
  readonly port: number;
  /** Breaks every connection; new ones are let through at once. */
  cut(): void;
}

export async function layCable(controllerPort: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // Whatever goes wrong with one end, the other must learn of it.
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = keep(connect(controllerPort, '127.0.0.1'));
    keep(near).pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
