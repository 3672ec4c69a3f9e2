/** The users and groups of this host, as its own tools list them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import {
  findGroup,
  findGroupInFile,
  findGroupsOf,
  findUser,
  findUserById,
  findUserName,
} from '../../agent/adapters/host/users.ts';

const entries = (file: string): readonly (readonly string[])[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[^#:+-][^:]*:/.test(line))
    .map((line) => line.split(':'));

/** Some files have a number twice, and then the first entry counts. */
const firstWith = (all: readonly (readonly string[])[], id: string | undefined) =>
  all.find((fields) => fields[2] === id);

test('whoever runs this is found by name and by number', () => {
  const { username, uid, gid } = userInfo();
  assert.deepEqual(findUser(username), { name: username, uid, gid });
  assert.equal(findUser(String(uid))?.uid, uid);
});

test('a name is found by number without keeping anything waiting', async () => {
  const { username, uid } = userInfo();
  assert.equal(await findUserName(uid), username);
  assert.equal(await findUserName(4_000_000_001), null);
});

test('all groups of a user are told, and of nobody none', async () => {
  const { username, gid } = userInfo();
  const gids = await findGroupsOf(username);
  assert.ok(gids?.includes(gid), String(gids));
  for (const name of ['no-such-account', '', '-u', '--help', 'a:b', 'root\n']) {
    assert.equal(await findGroupsOf(name), null, name);
  }
});

for (const [by, user, group] of [
  ['getent', findUser, findGroup],
  ['id and /etc/group', findUserById, findGroupInFile],
] as const) {
  test(`users and groups of /etc are found by name and by number, through ${by}`, () => {
    const users = entries('/etc/passwd').slice(0, 5);
    for (const [name = '', , uid = '', gid = ''] of users) {
      const found = { name, uid: Number(uid), gid: Number(gid) };
      assert.deepEqual(user(name), found);
      if (firstWith(users, uid)?.[0] === name) assert.deepEqual(user(uid), found);
    }
    for (const [name = '', , gid = ''] of entries('/etc/group').slice(0, 5)) {
      assert.equal(group(name), Number(gid));
      assert.equal(group(gid), Number(gid));
    }
  });

  test(`what is no account is none, however it is written, through ${by}`, () => {
    const hostile = ['', ' ', '-u', '--help', '+0', 'a:b', 'root\n', 'no-such-account'];
    for (const name of [...hostile, '../etc', 'x'.repeat(10_000), '4294967290', '9'.repeat(20)]) {
      assert.equal(user(name), null, name);
      assert.equal(group(name), null, name);
    }
  });
}

test('a lookup does not depend on the PATH of whoever asks', () => {
  const before = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  try {
    assert.equal(findUser('0')?.uid, 0);
  } finally {
    process.env['PATH'] = before;
  }
});
