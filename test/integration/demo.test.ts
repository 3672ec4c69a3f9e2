/** The demo keeps its promises, and leaves neither a process nor a file behind, however it ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');

before(() => {
  if (!existsSync(join(root, 'dist', 'fleetctl.js'))) {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
  }
});

interface Demo {
  readonly child: ChildProcess;
  /** Resolves once the output holds the text; rejects if the demo ends before. */
  readonly untilSaid: (text: string) => Promise<void>;
  readonly output: () => string;
  readonly exitCode: Promise<number | null>;
}

/** As the README says it; npm stands between a signal and the demo. */
const WITH_NPM = ['npm', 'run', '--silent', 'demo', '--', '--once'] as const;
const WITHOUT_NPM = [process.execPath, '--import', 'tsx', 'deploy/demo/main.ts'] as const;

function startDemo([command, ...args]: typeof WITH_NPM | typeof WITHOUT_NPM): Demo {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const collect = (text: string): void => {
    said += text;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const untilSaid = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (said.includes(text)) resolve();
      };
      look();
      child.stdout.on('data', look);
      child.once('close', () => reject(new Error(`ended without saying ${text}:\n${said}`)));
    });
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  return { child, untilSaid, output: () => said, exitCode };
}

function assertNothingIsLeft(output: string): void {
  const folder = /all in (\S+)/.exec(output)?.[1] ?? '';
  assert.match(folder, /fleetvisor-demo-/, output);
  assert.equal(existsSync(folder), false, `${folder} is left`);
  assert.deepEqual(processesOf(folder), []);
}

/** Everything that the demo starts inherits its folder as a mark. */
function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => procFile(pid, 'environ').includes(`FLEETVISOR_DEMO=${folder}\0`))
    .map((pid) => `${pid} ${procFile(pid, 'cmdline').replaceAll('\0', ' ')}`);
}

/** Empty for a process that has ended meanwhile, or is another user's. */
function procFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

const linuxOnly = { skip: process.platform === 'linux' ? false : 'looks into /proc' };

test('tells its story, keeps every promise, and cleans up', linuxOnly, async () => {
  const demo = startDemo(WITH_NPM);
  assert.equal(await demo.exitCode, 0, demo.output());
  const output = demo.output();
  assert.match(output, /^\$ fleetctl restart web --hosts='prod-\*'$/m);
  assert.match(output, /^restarted 6 of 6 targets on 3 hosts in /m);
  assert.match(output, /^error: restart is not allowed on 1 of the 3 targets$/m);
  const answers = [...output.matchAll(/^ {2}http:\S+ +(\S+) \S+, pid (\d+) +was (\d+)$/gm)];
  const restarted = answers.filter(([, , newPid, oldPid]) => newPid !== oldPid);
  assert.equal(answers.length, 7, output);
  assert.deepEqual(
    restarted.map(([, host]) => host),
    ['prod-web-1', 'prod-web-1', 'prod-web-2', 'prod-web-2', 'prod-web-3', 'prod-web-3'],
  );
  const adopted = [...output.matchAll(/^ {2}(prod-web-[12]) {3}(?:\S+ pid \d+(?:, |$)){3}/gm)];
  assert.equal(adopted.length, 2, 'the next agents have taken over the same processes');
  assertNothingIsLeft(output);
});

for (const { moment, text, signal, code } of [
  { moment: 'while its agents come up', text: '  agents prod-', signal: 'SIGTERM', code: 143 },
  { moment: 'when its story is told', text: 'stays until Ctrl-C', signal: 'SIGINT', code: 0 },
] as const) {
  test(`cleans up when it is interrupted ${moment}`, linuxOnly, async () => {
    const demo = startDemo(WITHOUT_NPM);
    await demo.untilSaid(text);
    const folder = /all in (\S+)/.exec(demo.output())?.[1] ?? '';
    assert.notDeepEqual(processesOf(folder), [], 'its processes would have been found');
    demo.child.kill(signal);
    assert.equal(await demo.exitCode, code, demo.output());
    assertNothingIsLeft(demo.output());
  });
}
