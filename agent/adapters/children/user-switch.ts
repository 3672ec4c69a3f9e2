/**
 * What makes a process another user's: its groups with the supplementary ones, then the group,
 * then the user, so that nothing of root is left and nothing can be had back. Node cannot do it:
 * its `uid` and `gid` leave or empty the supplementary groups, and the keeper, which writes into
 * the agent's private directory, would be the user's as well.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lchownSync, lstatSync } from 'node:fs';
import type { ProcessUser } from '../../core/definition.ts';

export type UserSwitch =
  /** The command in front of which it is put; empty: there is nothing to switch. */
  | { readonly kind: 'by'; readonly words: readonly string[] }
  | { readonly kind: 'impossible'; readonly error: string };

export interface SwitchSurroundings {
  readonly ownUid: number;
  readonly findTool: () => SwitchTool | null;
}

/** Absolute, so that nobody's PATH decides what root runs. */
export interface SwitchTool {
  readonly kind: 'setpriv' | 'chroot';
  readonly path: string;
}

/** The words for why not are Supervisor's (process.py, options.py drop_privileges). */
export function switchTo(user: ProcessUser | null, around = surroundings()): UserSwitch {
  if (user === null || user.uid === around.ownUid) return { kind: 'by', words: [] };
  const { uid, gid } = user;
  if (around.ownUid !== 0) return impossible(uid, "Can't drop privilege as nonroot user");
  const tool = around.findTool();
  if (tool === null) return impossible(uid, NO_TOOL);
  // Both look the supplementary groups up when they run, by the user's number, as Supervisor does.
  switch (tool.kind) {
    case 'setpriv':
      return by(tool.path, `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--');
    case 'chroot':
      // Everybody is rooted there anyway.
      return by(tool.path, '--skip-chdir', `--userspec=+${uid}:+${gid}`, '/');
  }
}

/**
 * A program may open `/dev/stdin` and `/dev/stdout` itself, which is opening its FIFOs; nobody but
 * its user and root can. The path to it stays closed to both.
 * @throws where it cannot be changed
 */
export function giveTo(user: ProcessUser | null, paths: readonly string[]): void {
  const owner = user ?? own();
  for (const path of paths) {
    if (lstatSync(path).uid !== owner.uid) lchownSync(path, owner.uid, owner.gid);
  }
}

/** Asked anew each time: the agent itself may have become another user meanwhile. */
const own = () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });

const NO_TOOL = 'this needs setpriv (util-linux 2.33 or later) or chroot (GNU coreutils)';

const by = (...words: readonly string[]): UserSwitch => ({ kind: 'by', words });

function impossible(uid: number, why: string): UserSwitch {
  return { kind: 'impossible', error: `couldn't setuid to ${uid}: ${why}` };
}

/** The tools of the same name that busybox has cannot switch users. */
const TOOLS = [
  { kind: 'setpriv', paths: ['/usr/bin/setpriv', '/bin/setpriv'], maker: 'util-linux' },
  { kind: 'chroot', paths: ['/usr/sbin/chroot', '/usr/bin/chroot'], maker: 'GNU coreutils' },
] as const;

/** Looked for until one is found: it may be installed while the agent runs. */
let found: SwitchTool | null = null;

function findTool(): SwitchTool | null {
  found ??=
    TOOLS.flatMap(({ kind, paths, maker }) =>
      paths.filter((path) => isMadeBy(maker, path)).map((path) => ({ kind, path })),
    )[0] ?? null;
  return found;
}

function isMadeBy(maker: string, path: string): boolean {
  if (!existsSync(path)) return false;
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return stdout?.includes(maker) ?? false;
}

const surroundings = (): SwitchSurroundings => ({ ownUid: own().uid, findTool });
