/** Which findings let a daemon start, and which `--check --strict` does not let pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptConfig, type LoadedConfig } from '../../proto/daemon/start.ts';
import type { Problem } from '../../proto/dialect/problem.ts';

const found: readonly Problem[] = [
  { file: 'a.conf', line: 1, section: 's', key: null, message: 'says something', hint: null },
];

function outcome(
  kind: 'problems' | 'warnings' | 'notices',
  asked: { readonly isCheck: boolean; readonly isStrict: boolean },
): { readonly isAccepted: boolean; readonly said: string } {
  const config = kind === 'problems' ? null : 'the configuration';
  const loaded: LoadedConfig<string> = {
    ...{ config, problems: [], warnings: [], notices: [] },
    [kind]: found,
  };
  let said = '';
  const args = { configPath: 'a.conf', settings: new Map(), ...asked };
  const write = (text: string) => {
    said += text;
  };
  try {
    acceptConfig(loaded, args, write);
    return { isAccepted: true, said };
  } catch {
    return { isAccepted: false, said };
  }
}

for (const [kind, label, atStart, strictly] of [
  ['problems', '', false, false],
  ['warnings', 'warning: ', true, false],
  ['notices', 'notice: ', true, true],
] as const) {
  test(`${kind} are told, and ${strictly ? 'pass' : 'do not pass'} a strict check`, () => {
    const start = outcome(kind, { isCheck: false, isStrict: false });
    const check = outcome(kind, { isCheck: true, isStrict: true });
    assert.equal(start.isAccepted, atStart);
    assert.equal(check.isAccepted, strictly);
    assert.ok(check.said.startsWith(`a.conf:1: ${label}[s] says something\n1 `));
    assert.equal(start.said, check.said);
  });
}
