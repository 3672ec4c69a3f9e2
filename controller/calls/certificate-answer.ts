/** What somebody is told who asks for a certificate: it, or to ask again, and whom to trust and dial. */
import type { CertificateAnswer } from '../../proto/certificates.ts';
import type { IdentityAnswer } from '../core/identities.ts';

export interface AnswerContext {
  /** Every authority of the fleet, PEM. */
  readonly authoritiesPem: string;
  /** `host:port`, where agents and operators dial. */
  readonly controllers: readonly string[];
}

/** Somebody has to carry a file to the authority's key and back. */
const RETRY_AFTER_MS = 5_000;

export function certificateAnswerOf(
  answer: Extract<IdentityAnswer, { readonly kind: 'issued' | 'pending' }>,
  { authoritiesPem, controllers }: AnswerContext,
): CertificateAnswer {
  switch (answer.kind) {
    case 'issued': {
      const { name, certificatePem } = answer;
      return { certificatePem, retryAfterMs: 0, authoritiesPem, controllers, name };
    }
    case 'pending': {
      const { name } = answer;
      const retryAfterMs = RETRY_AFTER_MS;
      return { certificatePem: null, retryAfterMs, authoritiesPem, controllers, name };
    }
  }
}
