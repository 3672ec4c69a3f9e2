/** Which certificates are meant: `agent/web-1`, `operator/alice`, or the beginning of a fingerprint. */
import type { CertificateChoice } from '../../../proto/certificates.ts';
import { nearest } from '../../../proto/dialect/did-you-mean.ts';
import { FleetError, refusal } from '../../../proto/errors.ts';
import {
  holderText,
  IDENTITY_KINDS,
  isIdentityKind,
  isIdentityName,
} from '../../../proto/identity-name.ts';

/** Throws a `FleetError`. A fingerprint may be written with colons or without. */
export function parseChoice(text: string): CertificateChoice {
  const slash = text.indexOf('/');
  if (slash >= 0) {
    const [kind, name] = [text.slice(0, slash), text.slice(slash + 1)];
    if (isIdentityKind(kind) && isIdentityName(name))
      return { kind: 'holder', holder: { kind, name } };
    throw notUnderstood(text, isIdentityName(name) ? nearest(kind, IDENTITY_KINDS) : null, name);
  }
  const digits = text.replaceAll(':', '');
  if (!/^[\da-f]{4,64}$/i.test(digits)) throw notUnderstood(text, null, text);
  const bytes = digits.toUpperCase().match(/../g) ?? [];
  const half = digits.length % 2 === 1 ? [digits.slice(-1).toUpperCase()] : [];
  return { kind: 'fingerprint', beginning: [...bytes, ...half].join(':') };
}

/** As people name it. Not neutralised. */
export function choiceText(choice: CertificateChoice): string {
  return choice.kind === 'holder' ? holderText(choice.holder) : choice.beginning;
}

function notUnderstood(text: string, kind: string | null, name: string): FleetError {
  const example = isIdentityName(name) && name.length < 60 ? name : 'web-1';
  return new FleetError(
    refusal('usage', `${JSON.stringify(text.slice(0, 100))} names no certificate`, {
      cause:
        'expected is agent/NAME, operator/NAME, controller/NAME, or at least 4 digits of a fingerprint',
      fix: kind === null ? `for example agent/${example}` : `did you mean ${kind}/${example}?`,
    }),
  );
}
