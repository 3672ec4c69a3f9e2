/**
 * Free ports for one demo: a block of a hundred, so that several demos can run side by side. The
 * last port of a block is held for as long as its demo lives, as the sign that the block is taken.
 */
import { createServer, type Server } from 'node:net';

export interface PortBlock extends Disposable {
  readonly firstPort: number;
}

/** Below the ports that Linux, macOS and the BSDs give to outgoing connections. */
const FIRST_PORT = 20_000;
const BLOCKS = 120;
const BLOCK_SIZE = 100;

/** @param numbers which ports of the block, from 0 to 98, must be free */
export async function reservePorts(numbers: readonly number[]): Promise<PortBlock> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let offset = 0; offset < BLOCKS; offset += 1) {
    const firstPort = FIRST_PORT + ((start + offset) % BLOCKS) * BLOCK_SIZE;
    const sign = await listenOn(firstPort + BLOCK_SIZE - 1);
    if (sign === null) continue;
    if (await areFree(numbers.map((number) => firstPort + number))) {
      return { firstPort, [Symbol.dispose]: () => void sign.close() };
    }
    sign.close();
  }
  throw new Error('there are not enough free ports between 20000 and 32000 on 127.0.0.1');
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = await listenOn(port);
    if (server === null) return false;
    await new Promise((resolve) => server.close(resolve));
  }
  return true;
}

/** Null where the port is taken. */
function listenOn(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
