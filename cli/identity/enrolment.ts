/** `SignIn` over the network and the person's configuration. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Surroundings } from '../../proto/dialect/read-document.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { pinsIn } from '../../proto/pki/authority-pin.ts';
import { enrol } from '../../proto/pki/enrol.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import { readTokenFile } from '../../proto/pki/token-file.ts';
import { type ClientConfigResult, configPath, loadClientConfig } from '../config.ts';
import type { EnrolRequest, SignIn } from './ports.ts';

/** @param input standard input; only made where the token comes from there */
export function signInFrom(surroundings: Surroundings, input: () => Readable): SignIn {
  const load = (config: string, text: string, context: string): ClientConfigResult => {
    const files = { ...surroundings.files, readText: () => ({ kind: 'text', text }) as const };
    return loadClientConfig({ config, context }, { ...surroundings, files });
  };
  return {
    configPath: (option) => configPath(option, surroundings.env),
    judge: (path, text, context) => {
      const found = load(path, text, context);
      return found.kind === 'refused' ? found.refusal : null;
    },
    authorityFile: (path, text, context) => {
      const found = load(path, text, context);
      return found.kind === 'context' ? found.context.ca : null;
    },
    isAmong: (authoritiesPem, pin) => pinsIn(authoritiesPem).includes(pin),
    readToken: (path) => readTokenFile(path, path === '-' ? input() : Readable.from([])),
    makeKey: async () => (await generateLeafKey()).keyPem,
    enrol: enrolOperator,
  };
}

async function enrolOperator({ join, keyPem, onWaiting, signal }: EnrolRequest) {
  let isTold = false;
  const issued = await enrol({
    join,
    kind: 'operator',
    // As the token says.
    name: '',
    key: readKey(keyPem),
    onWaiting: () => {
      if (!isTold) onWaiting();
      isTold = true;
    },
    signal,
  });
  const { certificatePem, authoritiesPem, identity, controllers } = issued;
  const { fleet, name, notAfterMs: certificateEndsAtMs } = identity;
  return { certificatePem, authoritiesPem, fleet, name, certificateEndsAtMs, controllers };
}

/** One that was kept may be half of a file only if somebody cut it. */
function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new FleetError(
      refusal('configuration', 'the key that was kept for this token is damaged', {
        fix: 'remove login-*.key beside your configuration, and use a new token',
      }),
    );
  }
}
