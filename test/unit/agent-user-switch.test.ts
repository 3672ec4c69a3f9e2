/** How a root agent's programs become other users'. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SwitchTool, switchTo } from '../../agent/adapters/children/user-switch.ts';

const ALICE = { name: 'alice', uid: 1000, gid: 100 };
const SETPRIV = { kind: 'setpriv', path: '/usr/bin/setpriv' } as const;
const CHROOT = { kind: 'chroot', path: '/usr/sbin/chroot' } as const;

const host = (ownUid: number, tool: SwitchTool | null) => ({ ownUid, findTool: () => tool });

test('where it is the same user, or none is configured, nothing is put in front', () => {
  const none = { kind: 'by', words: [] };
  assert.deepEqual(switchTo(null, host(0, null)), none);
  assert.deepEqual(switchTo(ALICE, host(1000, null)), none);
});

test('root puts group, user and supplementary groups in front, by number', () => {
  assert.deepEqual(switchTo(ALICE, host(0, SETPRIV)), {
    kind: 'by',
    words: ['/usr/bin/setpriv', '--reuid=1000', '--regid=100', '--init-groups', '--'],
  });
  assert.deepEqual(switchTo(ALICE, host(0, CHROOT)), {
    kind: 'by',
    words: ['/usr/sbin/chroot', '--skip-chdir', '--userspec=+1000:+100', '/'],
  });
});

test('a program is never run as somebody else than configured', () => {
  const root = { name: 'root', uid: 0, gid: 0 };
  const errors = [
    switchTo(ALICE, host(1001, SETPRIV)),
    switchTo(root, host(1001, SETPRIV)),
    switchTo(ALICE, host(0, null)),
  ].map((result) => result.kind === 'impossible' && result.error);
  assert.deepEqual(errors.slice(0, 2), [
    "couldn't setuid to 1000: Can't drop privilege as nonroot user",
    "couldn't setuid to 0: Can't drop privilege as nonroot user",
  ]);
  assert.match(String(errors[2]), /^couldn't setuid to 1000: .*setpriv .util-linux/);
});
