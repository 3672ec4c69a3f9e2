/**
 * `fleetctl cert revoke`: what is revoked never counts again, and whoever holds it is cut off within
 * two seconds. A person at a terminal is told what that would end, and asked.
 */
import type { CertificateChoice, CertificateSummary } from '../../../proto/certificates.ts';
import { FleetError, refusal } from '../../../proto/errors.ts';
import { holderText } from '../../../proto/identity-name.ts';
import type { AuthorityClient } from '../../authority-ports.ts';
import type { ConnectionOptions, Environment } from '../../ports.ts';
import { certificateItem, shortFingerprint } from '../../render/authority/certificates.ts';
import { renderList } from '../../render/json.ts';
import { escapeUnsafe, neutralise, plural, shortList } from '../../render/text.ts';
import { confirm } from '../confirm.ts';
import { choiceText, parseChoice } from './choice.ts';

export interface RevokeOptions extends ConnectionOptions {
  /** As typed. */
  readonly which: string;
  readonly reason: string;
  readonly yes: boolean;
  readonly output: 'table' | 'json';
}

const SHOWN_MAX = 5;

export async function revokeCertificates(
  environment: Environment,
  { which, reason, yes, output, ...connection }: RevokeOptions,
): Promise<number> {
  const choice = parseChoice(which);
  const { stdout, clock } = environment;
  using client = await environment.dial(connection);
  const authority = await client.authority();
  await confirm(environment, { yes, question: () => questionFor(authority, choice) });
  const revoked = await authority.revokeCertificates({ choice, reason });
  const items = revoked.map((certificate) => certificateItem(certificate, clock.nowMs()));
  stdout.write(
    output === 'json'
      ? renderList('CertificateList', items, 'json')
      : renderRevoked(choice, revoked),
  );
  return 0;
}

/** What would end; refuses where that is nothing. */
async function questionFor(authority: AuthorityClient, choice: CertificateChoice): Promise<string> {
  const [found, who] = await Promise.all([
    authority.listCertificates({ choice, all: false }),
    authority.whoAmI(),
  ]);
  if (choice.kind === 'fingerprint' && found.length === 0) throw nothingCounts(choice);
  const isOwn = found.some(({ fingerprint }) => fingerprint === who.fingerprint);
  const own = isOwn ? ' The one that you use now is among them.' : '';
  const ended =
    found.length === 0
      ? `revoke whatever was issued to ${choiceText(choice)} until now, of which nothing is known`
      : `revoke ${plural(found.length, 'certificate')} of ${holdersOf(found)} (${shortList(found.map(shortFingerprint), SHOWN_MAX)})`;
  return `${escapeUnsafe(ended)}? Its connections end within two seconds.${own} [y/N] `;
}

function renderRevoked(choice: CertificateChoice, revoked: readonly CertificateSummary[]): string {
  if (revoked.length === 0) {
    return `whatever was issued to ${neutralise(choiceText(choice))} until now does not count any more\n`;
  }
  const lines = revoked.map(
    (certificate) =>
      `revoked ${neutralise(holderText(certificate))} ${neutralise(certificate.fingerprint)}\n`,
  );
  return lines.join('');
}

function holdersOf(certificates: readonly CertificateSummary[]): string {
  return shortList([...new Set(certificates.map(holderText))], SHOWN_MAX);
}

function nothingCounts(choice: CertificateChoice): FleetError {
  return new FleetError(
    refusal('nothing-matched', `no certificate ${choiceText(choice)}… counts now`, {
      fix: 'fleetctl cert list --all shows all of them',
    }),
  );
}
