/**
 * What renewing the certificate in use needs of this machine and of the controller. The new pair is
 * staged beside the old one, tried, and only then takes its place.
 */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { Client } from '@grpc/grpc-js';
import { clientOptions, MESSAGE_MAX_BYTES } from '../../proto/channel-options.ts';
import {
  type CredentialFiles,
  type Credentials,
  loadCredentials,
} from '../../proto/credentials.ts';
import { type ErrorCode, FleetError, refusal } from '../../proto/errors.ts';
import { renewThrough } from '../../proto/pki/enrol.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import {
  dropStaged,
  promotePair,
  settleInUse,
  stageCertificate,
  stagedFiles,
  stagedKey,
  stageKey,
} from '../../proto/pki/pair-files.ts';
import { channelCredentials } from '../../proto/tls.ts';
import { connectControl } from '../client.ts';
import type { RenewalPorts } from './renewal.ts';

/** By which a command reached its controller. */
export interface UsedCredentials {
  /** `host:port` */
  readonly address: string;
  /** Absolute paths. */
  readonly files: CredentialFiles;
  readonly credentials: Credentials;
}

const HOUR_MS = 3_600_000;

export function renewalOf(used: UsedCredentials, nowMs: () => number): RenewalPorts {
  const { cert, key } = used.files;
  return {
    nowMs,
    mayWrite: () => [cert, key].every(isOwn),
    claim: () => claimHour(cert, nowMs()),
    renew: (signal) => renew(used, nowMs, signal),
  };
}

/** A link would be replaced by a file, and root would take over what is somebody else's. */
function isOwn(path: string): boolean {
  try {
    const found = lstatSync(path);
    accessSync(dirname(path), constants.W_OK);
    return found.isFile() && found.uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/**
 * One file for each hour of the clock, which only one of many fleetctl can make. What was made late in
 * the hour before counts on.
 */
function claimHour(cert: string, nowMs: number): boolean {
  const beginning = `.${basename(cert)}.tried-`;
  const hour = Math.floor(nowMs / HOUR_MS);
  const earlier = readdirSync(dirname(cert)).filter((name) => name.startsWith(beginning));
  for (const name of earlier) {
    const path = join(dirname(cert), name);
    const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Math.abs(nowMs - at) < HOUR_MS) return false;
    rmSync(path, { force: true });
  }
  try {
    closeSync(openSync(join(dirname(cert), `${beginning}${hour}`), 'wx', 0o600));
    return true;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw caught;
  }
}

async function renew(
  used: UsedCredentials,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  const { files, credentials, address } = used;
  settleInUse(files, credentials.identity.fingerprint256);
  const key = await nextKey(files);
  const options = { ...clientOptions(MESSAGE_MAX_BYTES) };
  const channel = new Client(address, channelCredentials(credentials), options);
  try {
    const { identity, ca } = credentials;
    const onWaiting = () => {
      throw new FleetError(refusal('wrong-state', 'somebody has to sign it first'));
    };
    const issued = await renewThrough(channel, { identity, ca, key, onWaiting, signal });
    stageCertificate(files, issued.certificatePem);
    await tryStaged(used, nowMs, signal);
    promotePair(files);
  } finally {
    channel.close();
  }
}

/** That which waits for its certificate already, if there is one: an answer may have been lost. */
async function nextKey(files: CredentialFiles) {
  const waiting = stagedKey(files);
  if (waiting !== null) return waiting;
  const { privateKey, keyPem } = await generateLeafKey();
  stageKey(files, keyPem);
  return privateKey;
}

/**
 * The old pair stays in use unless the controller takes the new one. Where nobody answers, the new one
 * waits, and the next command uses it: the controller may have seen it, and then takes the old no more.
 */
async function tryStaged(
  { files, address }: UsedCredentials,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  const staged = { ...files, ...stagedFiles(files) };
  const loaded = loadCredentials(staged, { kind: 'operator', nowMs: nowMs() });
  try {
    if (loaded.kind === 'unusable') {
      throw new FleetError(refusal('internal', loaded.problems.join('; ')));
    }
    signal.throwIfAborted();
    using _client = await connectControl({
      address,
      credentials: channelCredentials(loaded.credentials),
    });
  } catch (caught) {
    if (!UNANSWERED.includes(FleetError.refusalFrom(caught).code)) dropStaged(files);
    throw caught;
  }
}

const UNANSWERED: readonly ErrorCode[] = ['unavailable', 'interrupted'];
