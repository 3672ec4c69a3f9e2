/** Puts the keeper of the agent's identity together from the configuration and the real world. */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import type { AgentSettings } from '../config/load.ts';
import type { Log } from '../ports.ts';
import type { CertificateSource } from './certificate-source.ts';
import { enrollAddress } from './enroll-address.ts';
import { IdentityKeeper, type KeeperClock } from './keeper.ts';
import { credentialFilesOf, type StartingIdentity } from './load.ts';

/** Null where no controller is named. */
export function openKeeper(
  given: {
    readonly agent: AgentSettings;
    readonly identity: StartingIdentity | null;
    readonly log: Log;
  },
  redial: (because: string) => void,
): IdentityKeeper | null {
  const { agent, identity: start, log } = given;
  const files = credentialFilesOf(agent);
  if (start === null || files === null) return null;
  warnIfClosed(dirname(files.cert), log);
  return new IdentityKeeper({
    ...{ files, start, redial, log },
    source: sourceFor(agent),
    makeKey: generateLeafKey,
    clock: createKeeperClock(),
    chance: Math.random,
  });
}

/** Loaded when it is needed first, which is days after the start, if ever. */
function sourceFor(agent: AgentSettings): CertificateSource {
  let source: Promise<CertificateSource> | null = null;
  const load = async (): Promise<CertificateSource> => {
    const { createCertificateSource } = await import('./certificate-source.ts');
    const { controllers } = agent;
    return createCertificateSource({ controllers, enroll: () => enrollAddress(agent) });
  };
  const loaded = (): Promise<CertificateSource> => (source ??= load());
  return {
    renew: async (...given) => (await loaded()).renew(...given),
    comeBack: async (...given) => (await loaded()).comeBack(...given),
  };
}

/** Told now, and not days later, when the certificate is to be renewed. */
function warnIfClosed(directory: string, log: Log): void {
  try {
    accessSync(directory, constants.W_OK);
  } catch {
    const fix = `give it to the user that runs this agent: chown ${process.geteuid?.()} ${directory}`;
    log.warn(
      { directory, fix },
      'the certificate cannot be renewed: its directory is not writable',
    );
  }
}

function createKeeperClock(): KeeperClock {
  let timer: NodeJS.Timeout | undefined;
  return {
    nowMs: Date.now,
    wake(afterMs, callback) {
      clearTimeout(timer);
      if (callback !== null) timer = setTimeout(callback, afterMs);
    },
  };
}
