/**
 * `fleetctl cert requests` and `cert add`: the way to the authority's key and back, where that key is
 * on a machine of its own. The file between goes through `fleet-certs sign`.
 */
import type { PendingRequest } from '../../../proto/certificates.ts';
import { FleetError, refusal } from '../../../proto/errors.ts';
import { holderText } from '../../../proto/identity-name.ts';
import { certificateBlocks } from '../../../proto/pki/issuer.ts';
import { formatRequestFile } from '../../../proto/pki/request-file.ts';
import type { ConnectionOptions, Environment } from '../../ports.ts';
import { certificateItem } from '../../render/authority/certificates.ts';
import { renderRequests, requestItem } from '../../render/authority/requests.ts';
import { renderList } from '../../render/json.ts';
import { painter } from '../../render/paint.ts';
import { shellWord } from '../../render/shell.ts';
import { neutralise, plural } from '../../render/text.ts';

export interface RequestsOptions extends ConnectionOptions {
  /** For `fleet-certs sign`; null: they are only shown. */
  readonly file: string | null;
  readonly format: 'table' | 'json' | 'jsonl';
}

export async function listRequests(
  environment: Environment,
  { file, format, ...connection }: RequestsOptions,
): Promise<number> {
  const { stdout, ownFiles } = environment;
  if (file !== null && (await ownFiles.read(file)) !== null) throw isThere(file);
  using client = await environment.dial(connection);
  const requests = await (await client.authority()).listRequests();
  if (file !== null) return await writeRequests(environment, requests, file);
  stdout.write(
    format === 'table'
      ? renderRequests(requests, environment.clock.nowMs(), painter(stdout.colours))
      : renderList('CertificateRequestList', requests.map(requestItem), format),
  );
  return 0;
}

/** An empty file would be carried to the other machine for nothing. */
async function writeRequests(
  { ownFiles, stderr }: Environment,
  requests: readonly PendingRequest[],
  file: string,
): Promise<number> {
  if (requests.length === 0) {
    stderr.write('nobody waits for a certificate: nothing was written\n');
    return 0;
  }
  await ownFiles.create(file, formatRequestFile(requests));
  const shown = neutralise(shellWord(file));
  stderr.write(`${plural(requests.length, 'request')} in ${shown}\n`);
  stderr.write(`next: on the machine with the key: fleet-certs sign ${shown}\n`);
  return 0;
}

export interface AddOptions extends ConnectionOptions {
  /** `-`: standard input. */
  readonly file: string;
  readonly output: 'table' | 'json';
}

export async function addCertificates(
  environment: Environment,
  { file, output, ...connection }: AddOptions,
): Promise<number> {
  const text = await environment.readText(file === '-' ? null : file);
  // What stands around the blocks is for people, and passed over.
  const pems = certificateBlocks(text).map((pem) => `${pem}\n`);
  if (pems.length === 0) throw noCertificates(file, text);
  const { stdout, clock } = environment;
  using client = await environment.dial(connection);
  const added = await (await client.authority()).addCertificates(pems);
  const items = added.map((certificate) => certificateItem(certificate, clock.nowMs()));
  stdout.write(
    output === 'json'
      ? renderList('CertificateList', items, 'json')
      : added.map((one) => `added ${neutralise(holderText(one))}, which gets it now\n`).join(''),
  );
  return 0;
}

function noCertificates(file: string, text: string): FleetError {
  const isRequests = text.includes('BEGIN CERTIFICATE REQUEST');
  return new FleetError(
    refusal('usage', `${file === '-' ? 'standard input' : file} holds no certificate`, {
      cause: isRequests
        ? 'these are the requests, which have not been signed yet'
        : 'expected is PEM, as fleet-certs sign writes it',
      fix: 'fleet-certs sign FILE on the machine with the key, then add what that wrote',
    }),
  );
}

function isThere(file: string): FleetError {
  return new FleetError(
    refusal('usage', `${file} is there already`, { fix: 'name another file, or remove it' }),
  );
}
