/**
 * Certificates for thousands of simulated agents. All of them share one key, because making keys
 * is what takes long; each has a certificate of its own, built and signed by the product's code, so
 * the controller checks exactly what it would check of a real agent.
 */
import { generateKeyPair } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Authority } from '../../certs-tool/issue.ts';
import { Job } from './child-process.ts';

export interface Identities {
  /** PEM, as everything here. */
  readonly ca: string;
  readonly key: string;
  /** By host. */
  readonly certificates: ReadonlyMap<string, string>;
}

export interface IssueRequest {
  /** What can travel to another process. */
  readonly authority: Pick<Authority, 'fleet' | 'certificatePem' | 'keyPem'>;
  readonly publicKeyPem: string;
  readonly hosts: readonly string[];
}

/** Some 2.4 ms of one core for each. */
export async function issueIdentities(
  authority: Authority,
  hosts: readonly string[],
): Promise<Identities> {
  const keys = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const publicKeyPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { fleet, certificatePem, keyPem } = authority;
  const parts = shares(hosts, availableParallelism());
  const issued = await Promise.all(
    parts.map(async (part) => {
      await using job = new Job<IssueRequest, readonly string[]>(ISSUE);
      const certificates = await job.ask({
        authority: { fleet, certificatePem, keyPem },
        publicKeyPem,
        hosts: part,
      });
      return part.map((host, index) => [host, certificates[index] ?? ''] as const);
    }),
  );
  return { ca: authority.certificatePem, key, certificates: new Map(issued.flat()) };
}

/** At most `count` parts of nearly the same size, none of them empty. */
export function shares<Item>(items: readonly Item[], count: number): readonly (readonly Item[])[] {
  const size = Math.max(1, Math.ceil(items.length / count));
  const parts: (readonly Item[])[] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}

const ISSUE = new URL('issue.ts', import.meta.url);
