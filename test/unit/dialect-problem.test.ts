import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFindings, formatProblems, quoted } from '../../proto/dialect/problem.ts';

const at = (
  file: string,
  line: number,
  section: string | null = null,
  key: string | null = null,
) => ({
  place: { source: { file, directory: '/' }, line },
  section,
  key,
});

test('problems read as file, line, section, key, what; the worst kind first; and a count', () => {
  const findings = createFindings();
  findings.notice(at('agent.conf', 1, 'x'), 'comes later', 'wait');
  findings.warning(at('agent.conf', 3, 'progam:web'), 'this section is not known');
  findings.error(at('agent.conf', 12, 'program:web', 'startsecs'), 'expected seconds, found "ten"');
  findings.error(
    at('agent.conf', 4, 'agent', 'sate_dir'),
    'this key is not known',
    'did you mean state_dir?',
  );
  findings.error(at('b.conf', 0), 'there is no such file');
  assert.equal(
    formatProblems(findings),
    [
      'agent.conf:4: [agent] sate_dir: this key is not known',
      '    did you mean state_dir?',
      'agent.conf:12: [program:web] startsecs: expected seconds, found "ten"',
      'b.conf: there is no such file',
      'agent.conf:3: warning: [progam:web] this section is not known',
      'agent.conf:1: notice: [x] comes later',
      '    wait',
      '3 errors, 1 warning, 1 notice',
    ].join('\n'),
  );
});

test('nothing to say is said as nothing', () => {
  assert.equal(formatProblems(createFindings()), '');
});

test('the same problem twice is one, and a topic is spoken of once', () => {
  const findings = createFindings();
  findings.error(at('a', 1), 'x');
  findings.error(at('a', 1), 'x');
  findings.noticeOnce('topic', at('a', 1), 'y');
  findings.noticeOnce('topic', at('a', 2), 'y');
  assert.equal(formatProblems(findings), 'a:1: x\na:1: notice: y\n1 error, 1 notice');
});

test('twenty thousand problems are not all printed, but all counted', () => {
  const findings = createFindings();
  for (let line = 1; line <= 20_000; line += 1) findings.error(at('a', line), 'x');
  const lines = formatProblems(findings).split('\n');
  assert.equal(lines.length, 52);
  assert.deepEqual(lines.slice(-2), ['… and 19950 more like these', '20000 errors']);
});

test('nothing from a file reaches the terminal as a control sequence', () => {
  const findings = createFindings();
  findings.error(at('a', 1, '\u001b[2J', 'k\r'), `found ${quoted('\u009b1m\u202e')}`, 'a\nb\u0007');
  assert.equal(
    formatProblems(findings),
    'a:1: [\\u{1b}[2J] k\\u{d}: found "\\u{9b}1m\\u{202e}"\n    a\n    b\\u{7}\n1 error',
  );
});

test('long values and names are shown by their beginning', () => {
  assert.equal(quoted('x'.repeat(10_000_000)), `"${'x'.repeat(60)}…"`);
  assert.equal(quoted(''), 'nothing');
  const findings = createFindings();
  findings.error(at('a', 1, 's'.repeat(1_000_000), 'k'.repeat(1_000_000)), 'x');
  assert.ok(formatProblems(findings).length < 200);
});
