import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withContext } from '../../cli/identity/context-edit.ts';
import { parseIni } from '../../proto/dialect/ini.ts';
import { createFindings } from '../../proto/dialect/problem.ts';

const NEW = { controller: 'ops-1:7460', ca: 'p-ca.crt', cert: 'p.crt', key: 'p.key' };
const LINES = 'controller = ops-1:7460\nca = p-ca.crt\ncert = p.crt\nkey = p.key\n';

function meaning(text: string): Map<string, string> {
  const { sections, defaults } = parseIni(text, { file: '', directory: '' }, createFindings());
  const all = new Map([...defaults.values()].map(({ key, value }) => [`DEFAULT ${key}`, value]));
  for (const { name, entries } of sections.values()) {
    for (const { key, value } of entries.values()) all.set(`${name} ${key}`, value);
  }
  return all;
}

test('the first context of a file becomes its default', () => {
  const expected = `[fleetctl]\ncontext = prod\n\n[context:prod]\n${LINES}`;
  assert.equal(withContext('', 'prod', NEW), expected);
});

test('another context is put below, and the default stays', () => {
  const before = `; mine\n[fleetctl]\ncontext = test ; always\n\n[context:test]\n${LINES}`;
  assert.equal(withContext(before, 'prod', NEW), `${before}\n[context:prod]\n${LINES}`);
});

test('a context that is there gets other values where they stand, comments and all', () => {
  const before = [
    '# contexts',
    '[ context:x ]',
    '[context: prod ]   ; production',
    '  controller: old:1  ; the old one',
    '  ; below is the key',
    '  key = /home/a/old.key',
    '[context:test]',
    'controller = t:1',
    '',
  ].join('\r\n');
  assert.equal(
    withContext(before, 'prod', NEW),
    [
      '# contexts',
      '[ context:x ]',
      '[context: prod ]   ; production',
      '  ca = p-ca.crt',
      '  cert = p.crt',
      '  controller: ops-1:7460  ; the old one',
      '  ; below is the key',
      '  key = p.key',
      '[context:test]',
      'controller = t:1',
      '',
    ].join('\r\n'),
  );
});

test('what cannot be changed in place is said once more below, where it counts', () => {
  const before = '[context:prod]\nkey =\n  over\n  lines\ncert = a\n';
  const after = withContext(before, 'prod', NEW);
  assert.ok(after.startsWith(before));
  assert.equal(meaning(after).get('context:prod key'), 'p.key');
});

test('whatever stands in a file, the new values count and everything else means what it meant', () => {
  const line = fc.constantFrom(
    ...['[fleetctl]', '[context:prod]', '[context: prod ]', '[context:b]', '[DEFAULT]', '[other]'],
    ...['key = a', 'key=', 'KEY : b ; note', '  cert = x', '\tca=1', 'controller = ops-1:7460'],
    ...['  more', '; key = a', '# x', '', 'context = b', 'key = key', 'nonsense', ' [context:c]'],
  );
  const end = fc.constantFrom('\n', '\r\n', '\r');
  const file = fc
    .tuple(fc.array(line, { maxLength: 12 }), end, fc.boolean())
    .map(([lines, between, isEnded]) => lines.join(between) + (isEnded ? between : ''));
  fc.assert(
    fc.property(file, (before) => {
      const after = withContext(before, 'prod', NEW);
      const known = [...meaning(before).keys()];
      const section =
        [...parseIni(before, { file: '', directory: '' }, createFindings()).sections.keys()].find(
          (name) => name.startsWith('context:') && name.slice(8).trim() === 'prod',
        ) ?? 'context:prod';
      for (const [key, value] of Object.entries(NEW)) {
        assert.equal(meaning(after).get(`${section} ${key}`), value);
      }
      const ours = new Set(Object.keys(NEW).map((key) => `${section} ${key}`));
      for (const entry of known.filter((each) => !ours.has(each) && each !== 'fleetctl context')) {
        assert.equal(meaning(after).get(entry), meaning(before).get(entry), entry);
      }
    }),
    { numRuns: 400 },
  );
});
