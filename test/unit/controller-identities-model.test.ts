import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { admissionRefusal, REPLACED_GRACE_MS } from '../../controller/core/admission.ts';
import { certificatesOf } from '../../controller/core/certificate-index.ts';
import type { SeenCertificate } from '../../controller/core/identities.ts';
import { holderText } from '../../proto/identity-name.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { aHolder, type IdentityScript, identityScript, seenOf } from '../fakes/identities.ts';
import { anIdentityCommand, doCommand, type IdentityCommand } from '../fakes/identity-commands.ts';

/** What must hold whatever happened; what ended once is remembered here, apart from the core. */
interface Watch {
  readonly revoked: Map<string, SeenCertificate>;
  readonly replaced: Map<string, SeenCertificate>;
  /** How many certificates each token has led to. */
  readonly byToken: Map<string, Set<string>>;
}

function check(script: IdentityScript, watch: Watch): void {
  const { identities } = script.state;
  for (const record of identities.certificates.values()) {
    const { ended, issued, fingerprint } = record;
    if (ended?.kind === 'revoked') watch.revoked.set(fingerprint, seenOf(record));
    if (ended?.kind === 'replaced') watch.replaced.set(fingerprint, seenOf(record));
    const token = /^token (\S+)/.exec(issued?.because ?? '')?.[1];
    if (token === undefined) continue;
    watch.byToken.set(token, (watch.byToken.get(token) ?? new Set()).add(fingerprint));
  }
  for (const [token, led] of watch.byToken) assert.ok(led.size <= 1, `two by token ${token}`);
  for (const certificate of watch.revoked.values()) {
    const refused = admissionRefusal(identities, certificate, script.wallMs);
    assert.ok(refused !== null, `revoked, and let in: ${certificate.fingerprint}`);
  }
  const later = script.wallMs + REPLACED_GRACE_MS;
  for (const certificate of watch.replaced.values()) {
    if (later > certificate.notAfterMs) continue;
    assert.ok(admissionRefusal(identities, certificate, later) !== null, 'replaced, and let in');
  }
  const waiting = [...identities.pending.values()].map(holderText);
  assert.equal(new Set(waiting).size, waiting.length, 'two requests of one holder');
}

/** What nobody who has ended gets, by whatever it is called. */
function checkRenewal(script: IdentityScript, command: IdentityCommand, watch: Watch): void {
  if (command.kind !== 'renew' && command.kind !== 'return') return;
  for (const effect of script.effects) {
    if (effect.kind !== 'answerIdentity') continue;
    const { answer } = effect;
    if ('code' in answer || script.asked === null) continue;
    const { fingerprint } = script.asked;
    assert.ok(!watch.revoked.has(fingerprint), 'revoked, and has a next one');
    assert.ok(!watch.replaced.has(fingerprint), 'replaced, and has a next one');
  }
}

/** What was worked out step by step is what one would find by looking through all of them. */
function checkIndex({ state: { identities } }: IdentityScript): void {
  const anew = { certificates: PersistentMap.of(identities.certificates) };
  for (const text of ['agent/web-1', 'agent/web-2', 'operator/bob']) {
    const names = (from: Pick<typeof identities, 'certificates'>) =>
      certificatesOf(from, aHolder(text)).map(({ fingerprint }) => fingerprint);
    assert.deepEqual(names(identities).sort(), names(anew).sort(), text);
  }
}

test('no token leads to two certificates, nothing that ended comes back, whatever is done in which order', () => {
  fc.assert(
    fc.property(fc.array(anIdentityCommand, { maxLength: 60, size: 'max' }), (commands) => {
      const script = identityScript();
      const watch: Watch = { revoked: new Map(), replaced: new Map(), byToken: new Map() };
      for (const command of commands) {
        doCommand(script, command);
        checkRenewal(script, command, watch);
        check(script, watch);
      }
      checkIndex(script);
    }),
    { numRuns: 30 },
  );
});
