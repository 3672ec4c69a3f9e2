/**
 * The floor under any controller: one small message to each of many clients and one back, through
 * bare grpc-js and through bare TLS. Server and clients have processes of their own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Authority, issueLeaf } from '../../certs-tool/issue.ts';
import { Job } from '../swarm/child-process.ts';
import type { Endpoint } from '../swarm/grpc-stream.ts';
import type { Identities } from '../swarm/identities.ts';
import type { Contender } from './contender.ts';

export type Transport = 'grpc' | 'tls';
export const ECHO_PATH = '/bench.Echo/Connect';

/** About as much as a command to restart one process. */
export const MESSAGE_BYTES = 64;

export type EchoServerRequest =
  | {
      readonly kind: 'listen';
      readonly transport: Transport;
      readonly ca: string;
      readonly cert: string;
      readonly key: string;
    }
  | { readonly kind: 'count' }
  | { readonly kind: 'round' };

export interface EchoClientsRequest {
  readonly transport: Transport;
  readonly server: Endpoint;
  readonly localAddress: string;
  readonly ca: string;
  readonly key: string;
  readonly certificates: readonly string[];
}

export class Echo implements Contender {
  readonly #server: Job<EchoServerRequest, number>;
  readonly #clients: Job<EchoClientsRequest, number>[] = [];
  readonly #transport: Transport;
  readonly #port: number;
  #expected = 0;

  private constructor(server: Job<EchoServerRequest, number>, transport: Transport, port: number) {
    this.#server = server;
    this.#transport = transport;
    this.#port = port;
  }

  static async start(transport: Transport, authority: Authority): Promise<Echo> {
    const server = new Job<EchoServerRequest, number>(SERVER);
    const leaf = await issueLeaf(authority, {
      kind: 'controller',
      name: transport,
      san: 'IP:127.0.0.1',
      nowMs: Date.now(),
    });
    const port = await server.ask({
      kind: 'listen',
      transport,
      ca: authority.certificatePem,
      cert: leaf.certificatePem,
      key: leaf.keyPem,
    });
    return new Echo(server, transport, port);
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Resolves when as many more clients are connected as there are hosts. */
  async connect(hosts: readonly string[], { ca, key, certificates }: Identities): Promise<void> {
    const clients = new Job<EchoClientsRequest, number>(CLIENTS);
    this.#clients.push(clients);
    await clients.ask({
      transport: this.#transport,
      server: { host: '127.0.0.1', port: this.#port },
      localAddress: `127.0.0.${this.#clients.length}`,
      ca,
      key,
      certificates: hosts.map((host) => certificates.get(host) ?? ''),
    });
    this.#expected += hosts.length;
    while ((await this.#server.ask({ kind: 'count' })) < this.#expected) await delay(POLL_MS);
  }

  async round(): Promise<void> {
    await this.#server.ask({ kind: 'round' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const jobs = [...this.#clients, this.#server];
    await Promise.all(jobs.map((job) => job[Symbol.asyncDispose]()));
  }
}

const POLL_MS = 20;
const SERVER = new URL('echo-server.ts', import.meta.url);
const CLIENTS = new URL('echo-clients.ts', import.meta.url);
