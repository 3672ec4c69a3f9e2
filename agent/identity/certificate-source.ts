/** Where an agent's next certificate comes from: the controller, over a connection of its own. */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey } from 'node:crypto';
import { Client } from '@grpc/grpc-js';
import { clientOptions, MESSAGE_MAX_BYTES } from '../../proto/channel-options.ts';
import type { Credentials } from '../../proto/credentials.ts';
import { type Address, addressText } from '../../proto/dialect/values.ts';
import { comeBack, renewThrough, type Waiting } from '../../proto/pki/enrol.ts';
import type { Issued } from '../../proto/pki/issued.ts';
import { channelCredentials } from '../../proto/tls.ts';

export interface CertificateSource {
  /** By a certificate that counts, for a new key. Rejects with FleetError. */
  renew(present: Credentials, key: KeyObject, waiting: Waiting): Promise<Issued>;
  /** By one that has expired, for the same key. Rejects with FleetError. */
  comeBack(ended: Credentials, waiting: Waiting): Promise<Issued>;
}

/** Controllers take turns: one that is down keeps nobody from renewing. */
export function createCertificateSource(addresses: {
  readonly controllers: readonly Address[];
  /** `host:port` */
  readonly enroll: () => string;
}): CertificateSource {
  let turn = 0;
  return {
    renew: async (present, key, waiting) => {
      const { controllers } = addresses;
      const address = controllers[turn++ % controllers.length] as Address;
      const client = new Client(addressText(address), channelCredentials(present), {
        ...clientOptions(MESSAGE_MAX_BYTES),
      });
      try {
        const { ca, identity } = present;
        return await renewThrough(client, { ...waiting, ca, identity, key });
      } finally {
        client.close();
      }
    },
    comeBack: ({ ca, cert, key, identity }, waiting) =>
      comeBack({
        ...waiting,
        address: addresses.enroll(),
        ...{ ca, identity, certificatePem: cert, key: createPrivateKey(key) },
      }),
  };
}
