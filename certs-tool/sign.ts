/**
 * `fleet-certs sign`: turns requests that the controller has collected into certificates, on the
 * machine that has the authority's key. The file comes from another machine, so nothing of it is
 * signed before somebody has seen who asks for what, and by which key.
 */
import { quote } from 'shlex';
import { readPem } from '../proto/credentials.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../proto/errors.ts';
import { holderText } from '../proto/identity-name.ts';
import type { SigningAuthority } from '../proto/pki/authority.ts';
import { type LeafOrder, refusalOfLeafOrder, signLeaf } from '../proto/pki/leaf.ts';
import { type FiledRequest, parseRequestFile } from '../proto/pki/request-file.ts';
import { readSigningRequest } from '../proto/pki/signing-request.ts';
import { requestsTable } from './requests-table.ts';
import { readAuthority, refusalOfTaken, writeNewFile } from './store.ts';
import type { Surroundings } from './surroundings.ts';

export interface SignOptions {
  readonly dir: string;
  readonly passphraseFile?: string;
  readonly output?: string;
  readonly yes?: boolean;
}

/** All requests of the file or none. Throws FleetError. */
export async function sign(
  surroundings: Surroundings,
  file: string,
  options: SignOptions,
): Promise<void> {
  const { output } = options;
  const requests = granted(readRequests(file));
  const authority = granted(readAuthority(options.dir, options.passphraseFile ?? null));
  const orders = granted(ordersOf(requests, authority, surroundings.nowMs));
  if (output !== undefined) demand(refusalOfTaken(output));
  surroundings.writeError(requestsTable(requests, authority.fleet));
  if (options.yes !== true) demand(await refusalOfSomebody(surroundings, requests.length));
  const pem = orders.map((order) => granted(signLeaf(authority, order)).certificatePem).join('');
  if (output === undefined) {
    surroundings.writeOut(pem);
    return;
  }
  demand(writeNewFile(output, pem));
  surroundings.writeError(`signed; next, where fleetctl is: fleetctl cert add ${quote(output)}\n`);
}

function readRequests(file: string): readonly FiledRequest[] | Refusal {
  const read = readPem(file);
  if (read.kind === 'problem') {
    return refusal('usage', 'the file of certificate requests is not usable', {
      cause: read.problem,
      fix: 'name the file that fleetctl cert requests --output FILE has written',
    });
  }
  const requests = parseRequestFile(read.text);
  if (isRefusal(requests) || requests.length > 0) return requests;
  return refusal('usage', `there is no request in ${file}`, {
    fix: 'if fleetctl cert requests lists some, write the file anew: --output FILE',
  });
}

/** Every request as the template has it, or everything that is wrong with any of them. */
function ordersOf(
  requests: readonly FiledRequest[],
  authority: SigningAuthority,
  nowMs: number,
): readonly LeafOrder[] | Refusal {
  const orders: LeafOrder[] = [];
  const problems: string[] = [];
  for (const request of requests) {
    const order = orderOf(request, authority, nowMs);
    if (!isRefusal(order)) orders.push(order);
    else problems.push(`${holderText(request)}: ${remark(order)}`);
  }
  if (problems.length === 0) return orders;
  const more = problems.length - PROBLEMS_SHOWN_MAX;
  return refusal('usage', 'not every request can be signed, so none was', {
    cause:
      problems.slice(0, PROBLEMS_SHOWN_MAX).join('; ') + (more > 0 ? `; and ${more} more` : ''),
    fix: 'take those out of the file, or write it anew: fleetctl cert requests --output FILE',
  });
}

function orderOf(
  request: FiledRequest,
  authority: SigningAuthority,
  nowMs: number,
): LeafOrder | Refusal {
  const read = readSigningRequest(request.csrPem);
  if (isRefusal(read)) return read;
  if (read.keyHash !== request.keyHash) {
    return refusal('usage', 'the request is of another key than the line above it says');
  }
  const { kind, name, days, addresses = [] } = request;
  const order = { kind, name, days, addresses, nowMs, publicKeyPem: read.publicKeyPem };
  return refusalOfLeafOrder(authority, order) ?? order;
}

async function refusalOfSomebody(
  { confirm }: Surroundings,
  count: number,
): Promise<Refusal | null> {
  if (confirm === null) {
    return refusal('usage', 'nothing was signed: there is no terminal to ask on', {
      fix: 'run it on a terminal, or with --yes once you have read who asks for what',
    });
  }
  const question = `sign ${count === 1 ? 'this request' : `these ${count} requests`}? [y/N] `;
  if (await confirm(question)) return null;
  return refusal('interrupted', 'nothing was signed');
}

function granted<Value>(value: Value | Refusal): Value {
  if (isRefusal(value)) throw new FleetError(value);
  return value;
}

function demand(refused: Refusal | null): void {
  if (refused !== null) throw new FleetError(refused);
}

const remark = ({ message, cause }: Refusal): string =>
  cause === null ? message : `${message}: ${cause}`;

const PROBLEMS_SHOWN_MAX = 10;
