/** The job behind `identities.ts`: signs one part of the certificates, on a core of its own. */
import { createPrivateKey } from 'node:crypto';
import { BACKDATED_MS } from '../../proto/certificates.ts';
import { subjectUri } from '../../proto/identity.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { answerParent } from './child-process.ts';
import type { IssueRequest } from './identities.ts';

const LIFE_MS = 24 * 60 * 60_000;

answerParent(({ authority, publicKeyPem, hosts }: IssueRequest): readonly string[] => {
  const { fleet, certificatePem } = authority;
  const issuer = { certificatePem, privateKey: createPrivateKey(authority.keyPem) };
  const nowMs = Date.now();
  return hosts.map((name) => {
    const uri = subjectUri({ fleet, kind: 'agent', name });
    const template = {
      commonName: name,
      organization: fleet,
      use: 'client',
      alternativeNames: [{ kind: 'uri', value: uri }],
      notBeforeMs: nowMs - BACKDATED_MS,
      notAfterMs: nowMs + LIFE_MS,
      publicKeyPem,
    } as const;
    return buildCertificate(template, issuer);
  });
});
