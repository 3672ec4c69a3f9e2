/** `fleetctl cert list` and `cert show`: who has which certificate, and for how long. */
import type { CertificateSummary } from '../../../proto/certificates.ts';
import { FleetError, refusal } from '../../../proto/errors.ts';
import type { ConnectionOptions, Environment } from '../../ports.ts';
import {
  certificateItem,
  endingLines,
  renderCertificate,
  renderCertificates,
} from '../../render/authority/certificates.ts';
import { renderList } from '../../render/json.ts';
import { painter } from '../../render/paint.ts';
import { choiceText, parseChoice } from './choice.ts';

export interface ListCertificatesOptions extends ConnectionOptions {
  /** As typed; null: of everybody. */
  readonly holder: string | null;
  /** Also those that do not count any more. */
  readonly all: boolean;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl';
}

/** None is an answer, too: exit code 0. */
export async function listCertificates(
  environment: Environment,
  { holder, all, output, ...connection }: ListCertificatesOptions,
): Promise<number> {
  const choice = holder === null ? null : parseChoice(holder);
  const { stdout, stderr, clock } = environment;
  using client = await environment.dial(connection);
  const found = await (await client.authority()).listCertificates({ choice, all });
  const nowMs = clock.nowMs();
  if (output === 'json' || output === 'jsonl') {
    const items = found.map((certificate) => certificateItem(certificate, nowMs));
    stdout.write(renderList('CertificateList', items, output));
    return 0;
  }
  const view = { nowMs, paint: painter(stdout.colours), isWide: output === 'wide' };
  stdout.write(renderCertificates(found, view));
  for (const line of endingLines(found, nowMs)) stderr.write(`${line}\n`);
  return 0;
}

export interface ShowCertificateOptions extends ConnectionOptions {
  /** As typed. */
  readonly which: string;
  readonly output: 'table' | 'json';
}

/** Of a holder what counts; if nothing does, what there was. */
export async function showCertificate(
  environment: Environment,
  { which, output, ...connection }: ShowCertificateOptions,
): Promise<number> {
  const choice = parseChoice(which);
  const { stdout, clock } = environment;
  using client = await environment.dial(connection);
  const all = await (await client.authority()).listCertificates({ choice, all: true });
  const shown = choice.kind === 'holder' ? whatCounts(all) : all;
  if (shown.length === 0) {
    throw new FleetError(
      refusal('nothing-matched', `no certificate of ${choiceText(choice)} is known`, {
        fix: 'fleetctl cert list --all shows all of them',
      }),
    );
  }
  const nowMs = clock.nowMs();
  if (output === 'json') {
    const items = shown.map((certificate) => certificateItem(certificate, nowMs));
    stdout.write(renderList('CertificateList', items, 'json'));
  } else {
    stdout.write(shown.map((certificate) => renderCertificate(certificate, nowMs)).join('\n'));
  }
  return 0;
}

function whatCounts(all: readonly CertificateSummary[]): readonly CertificateSummary[] {
  const counting = all.filter(({ ended }) => ended === null);
  return counting.length === 0 ? all : counting;
}
