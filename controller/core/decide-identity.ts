/**
 * The entry for everything about who is in the fleet: routes a request to the neighbour that decides,
 * answers it, and puts on record what was done or refused, in the same turn. A repeat that changed
 * nothing is answered and not recorded: whoever waits for a signature asks every few seconds.
 */
import type { Actor } from '../../proto/audit.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import { holderText } from '../../proto/identity-name.ts';
import { foldedList } from '../../proto/selector/fold.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { addCertificates } from './add-certificates.ts';
import { timeText } from './admission.ts';
import { revokeCertificates } from './ended.ts';
import { enrol } from './enrol.ts';
import type { IdentityAnswer, IdentityRequest } from './identities.ts';
import { type Recorded, recordAnswer } from './record.ts';
import { IDENTITY_ACTIONS } from './recorded-action.ts';
import { readmitHost, removeHost } from './removal.ts';
import { comeBack, renew } from './renewal.ts';
import type { FleetInput, Turn } from './state.ts';
import { createToken, revokeToken, tokenWords } from './tokens.ts';

type Given = Extract<FleetInput, { readonly kind: 'identity' }>;
type Asked = Pick<Given, 'request' | 'by'>;

export function decideIdentity(turn: Turn, { reply, request, by }: Given): void {
  const writesBefore = turn.writes.length;
  const answer = decide(turn, request, by);
  const hasChanged = turn.writes.length > writesBefore;
  if (isRefusal(answer) || hasChanged) {
    const outcome = isRefusal(answer) ? {} : outcomeInWords(turn, { request, by }, answer);
    const said = { ...inWords(request), ...outcome };
    recordAnswer(turn, { actor: by, action: IDENTITY_ACTIONS[request.kind], ...said }, answer);
  }
  turn.effects.push({ kind: 'answerIdentity', reply, answer });
}

function decide(turn: Turn, request: IdentityRequest, by: Actor): IdentityAnswer | Refusal {
  switch (request.kind) {
    case 'createToken':
      return createToken(turn, request, by);
    case 'revokeToken':
      return revokeToken(turn, request, by);
    case 'revokeCertificates':
      return revokeCertificates(turn, request, by);
    case 'removeHost':
      return removeHost(turn, request, by);
    case 'readmitHost':
      return readmitHost(turn, request);
    case 'enrol':
      return enrol(turn, request, by);
    case 'renew':
      return renew(turn, request, by);
    case 'return':
      return comeBack(turn, request, by);
    case 'addCertificates':
      return addCertificates(turn, request);
  }
}

type Words = Partial<Pick<Recorded, 'hosts' | 'targets' | 'targetCount' | 'reason' | 'detail'>>;

/** What was asked for. Texts that anybody may choose are not among it. */
function inWords(request: IdentityRequest): Words {
  switch (request.kind) {
    case 'createToken':
      return { targets: tokenRequestWords(request) };
    case 'revokeCertificates': {
      const { choice, reason } = request;
      const targets = choice.kind === 'holder' ? holderText(choice.holder) : choice.beginning;
      return { targets: short(targets), reason: short(reason) };
    }
    case 'removeHost':
    case 'readmitHost':
      return {
        hosts: short(request.host),
        targets: `agent/${short(request.host)}`,
        reason: short(request.reason),
      };
    case 'return':
      return { targets: holderText(request.expired) };
    case 'revokeToken':
      return { targets: `token ${short(request.id)}` };
    case 'addCertificates': {
      const targets = foldedList(request.certificates.map(holderText));
      return { targets, targetCount: request.certificates.length };
    }
    case 'enrol':
    case 'renew':
      return {};
  }
}

function tokenRequestWords({
  token,
}: Extract<IdentityRequest, { readonly kind: 'createToken' }>): string {
  const { kind, names, replaces } = token;
  return `token for ${kind}/${short(names)}${replaces ? ', replacing' : ''}`;
}

/** What came of it; of a refusal, its own words are on record. */
function outcomeInWords(turn: Turn, { request, by }: Asked, answer: IdentityAnswer): Words {
  switch (answer.kind) {
    case 'token': {
      const { id, expiresAtMs } = answer.token;
      return { detail: `token ${id}, good until ${timeText(expiresAtMs)}` };
    }
    case 'certificates': {
      const fingerprints = answer.certificates.map(({ fingerprint }) => fingerprint);
      const more = fingerprints.length > SHOWN_MAX ? ', …' : '';
      if (fingerprints.length === 0) return { targetCount: 0, detail: unknownWords(turn, request) };
      const detail = `${fingerprints.slice(0, SHOWN_MAX).join(', ')}${more}`;
      return { targetCount: fingerprints.length, detail };
    }
    case 'issued':
      return { ...newcomer(turn, request, by, answer.name), targetCount: 1 };
    case 'pending':
      return newcomer(turn, request, by, answer.name);
    case 'removed':
      return {
        detail: `${answer.processes} processes, ${answer.wasConnected ? '' : 'not '}connected`,
      };
    case 'readmitted':
      return { detail: answer.was === '' ? 'nothing stood against it' : answer.was };
  }
}

/** A name that was mistyped would else look like one that was revoked. */
function unknownWords({ state }: Turn, request: IdentityRequest): string {
  if (request.kind !== 'revokeCertificates' || request.choice.kind !== 'holder') return '';
  const { kind, name } = request.choice.holder;
  const isThere =
    kind === 'operator' ? state.operators.has(name) : state.hosts.get(hostId(name)) !== undefined;
  return isThere ? 'no certificate of that one is known' : 'nothing of that name is known';
}

/** Who got what, and by which right. */
function newcomer(turn: Turn, request: IdentityRequest, by: Actor, name: string): Words {
  if (request.kind !== 'enrol' && request.kind !== 'renew' && request.kind !== 'return') return {};
  const { issued } = request.wanted;
  const what = issued === null ? 'waits for a signature' : `certificate ${issued.fingerprint}`;
  if (request.kind === 'return') return { detail: what };
  if (request.kind === 'renew') return { targets: `${by.kind}/${name}`, detail: what };
  const token = turn.state.identities.tokens.get(request.secretHash);
  if (token === undefined) return { detail: what };
  const targets = holderText({ kind: token.kind, name });
  return { targets, detail: `${tokenWords(token)}: ${what}` };
}

const SHOWN_MAX = 20;

/** What is typed may be of any length. */
const short = (text: string): string => clippedTo(REMARK_LENGTH_MAX, text);
