/**
 * Orders for every program, and a question, straight from the bench to the socket of a daemon, so that what a client
 * takes to start (a Python there, a Node here) is not in the time.
 */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { connectLocal } from '../../../cli/local/client.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../../../proto/operation-id.ts';
import type { ControlVerb } from '../listing.ts';

/** Resolves when it has been carried out for all programs. */
export type DirectOrder = (verb: ControlVerb) => Promise<void>;

/** To our agent, as `fleetctl --local` does it; the connection is open before the first order. */
export async function agentOrders(socket: string): Promise<DirectOrder> {
  const client = await connectLocal(socket, null);
  return async (verb) => {
    const operationId = makeOperationId(Date.now(), randomBytes(OPERATION_ID_RANDOM_BYTES));
    const order = { kind: 'control', operationId, verb, signal: null, names: ['all'] } as const;
    for await (const news of client.give(order)) {
      if (news.kind === 'refused') throw new Error(news.refusal.message);
    }
  };
}

const METHODS: Readonly<Record<ControlVerb, readonly string[]>> = {
  start: ['startAllProcesses'],
  stop: ['stopAllProcesses'],
  // So does supervisorctl; the daemon has no restart.
  restart: ['stopAllProcesses', 'startAllProcesses'],
};

/** To supervisord, by XML-RPC. */
export function supervisorOrders(socket: string): DirectOrder {
  return async (verb) => {
    for (const method of METHODS[verb]) await call(socket, method);
  };
}

/** Resolves when the daemon has said how all its programs are. */
export type DirectQuestion = () => Promise<void>;

export async function agentQuestion(socket: string): Promise<DirectQuestion> {
  const client = await connectLocal(socket, null);
  return async () => void (await client.list());
}

export function supervisorQuestion(socket: string): DirectQuestion {
  return () => call(socket, 'getAllProcessInfo');
}

function call(socketPath: string, method: string): Promise<void> {
  const body = `<?xml version="1.0"?><methodCall><methodName>supervisor.${method}</methodName><params/></methodCall>`;
  const headers = { 'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: '/RPC2', method: 'POST', headers }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200 && !answer.includes('<fault>')) resolve();
        else reject(new Error(`${method} was answered by ${response.statusCode}: ${answer}`));
      }, reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
