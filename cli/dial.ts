/** From the person's configuration to a controller that answered. */

import { loadCredentials } from '../proto/credentials.ts';
import type { Surroundings } from '../proto/dialect/read-document.ts';
import { addressText } from '../proto/dialect/values.ts';
import { FleetError, refusal } from '../proto/errors.ts';
import { channelCredentials } from '../proto/tls.ts';
import { connectControl } from './client.ts';
import { loadClientConfig } from './config.ts';
import type { UsedCredentials } from './identity/renewal-files.ts';
import type { ConnectionOptions, ControlClient } from './ports.ts';

/**
 * @param nowMs wall clock, for certificates that have ended
 * @param onUsed called once the controller has taken the certificate
 */
export async function dialController(
  connection: ConnectionOptions,
  surroundings: Surroundings,
  nowMs: number,
  onUsed: (used: UsedCredentials) => void = () => {},
): Promise<ControlClient> {
  const found = loadClientConfig(connection, surroundings);
  if (found.kind === 'refused') throw new FleetError(found.refusal);
  const loaded = loadCredentials(found.context, { kind: 'operator', nowMs });
  if (loaded.kind === 'unusable') {
    throw new FleetError(
      refusal('configuration', `the certificates of context ${found.context.name} cannot be used`, {
        cause: loaded.problems.join('\n'),
      }),
    );
  }
  const address = addressText(found.context.controller);
  const { credentials } = loaded;
  const client = await connectControl({ address, credentials: channelCredentials(credentials) });
  onUsed({ address, files: found.context, credentials });
  return client;
}
