/** Supervisor is the judge of what an escape sequence is: generated texts must come out the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { EscapeStripper } from '../../agent/adapters/logs/strip-escapes.ts';

const JUDGE = `
import json, sys
from supervisor.dispatchers import stripEscapes
texts = json.load(sys.stdin)
json.dump([stripEscapes(bytes.fromhex(one)).hex() for one in texts], sys.stdout)
`;
/** Debian's python3 has Debian's packages; another one may come first in PATH. */
const PYTHONS = ['/usr/bin/python3', 'python3'];
const python = PYTHONS.find(
  (name) => spawnSync(name, ['-c', 'import supervisor.dispatchers']).status === 0,
);

const bytes = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...Buffer.from('\x1b[HfABCDRsuJKhlpm;?0123m\n')) },
    { weight: 1, arbitrary: fc.constantFrom(...Buffer.from('\x1b[')) },
    { weight: 1, arbitrary: fc.nat(255) },
  ),
  { maxLength: 40 },
);

test('10,000 texts lose what they lose under Supervisor', (context) => {
  if (python === undefined) return context.skip('no python3 here has the supervisor package');
  const texts = fc.sample(bytes, { numRuns: 10_000, seed: 42 }).map((text) => Buffer.from(text));
  const input = JSON.stringify(texts.map((text) => text.toString('hex')));
  const judged = spawnSync(python, ['-c', JUDGE], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  assert.equal(judged.status, 0, judged.stderr);
  const verdicts: unknown = JSON.parse(judged.stdout);
  const ours = texts.map((text) => {
    const stripper = new EscapeStripper();
    const left = Buffer.from(stripper.strip(text));
    return Buffer.concat([left, stripper.end()]).toString('hex');
  });
  assert.deepEqual(ours, verdicts);
});
