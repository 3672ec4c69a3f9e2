/**
 * A process of a test or bench that does one job for it, asked over Node's own channel. Its work is
 * counted apart from everybody else's, and it ends with its parent, however that ends.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

type Numbered<Body> = { readonly number: number } & Body;
type Reply<Answer> = Numbered<{ readonly answer: Answer } | { readonly error: string }>;

export class Job<Request, Answer> implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply<Answer>) => void>();
  #last = 0;

  /** @param file `import.meta.url` of a module that calls `answerParent` */
  constructor(file: URL) {
    this.#child = fork(file, { execArgv: ['--import', 'tsx'] });
    if (this.#child.pid === undefined) throw new Error(`${file.pathname} cannot be started`);
    this.pid = this.#child.pid;
    this.#child.on('message', (reply: Reply<Answer>) => {
      this.#waiting.get(reply.number)?.(reply);
      this.#waiting.delete(reply.number);
    });
    this.#child.on('exit', (code, signal) => {
      const error = `${file.pathname} has ended (${signal ?? code})`;
      for (const [number, settle] of this.#waiting) settle({ number, error });
      this.#waiting.clear();
    });
  }

  /** @throws Error with what the job threw, or that it has ended */
  ask(request: Request): Promise<Answer> {
    if (!this.#child.connected) return Promise.reject(new Error('the job has ended'));
    this.#last += 1;
    const number = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, (reply) => {
        if ('answer' in reply) resolve(reply.answer);
        else reject(new Error(reply.error));
      });
      this.#child.send({ number, request });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** In the job's own process: what is asked is answered by `handle`, one after another or not. */
export function answerParent<Request, Answer>(
  handle: (request: Request) => Promise<Answer> | Answer,
): void {
  process.on('message', ({ number, request }: Numbered<{ readonly request: Request }>) => {
    const reply = (body: { answer: Answer } | { error: string }): void => {
      process.send?.({ number, ...body });
    };
    const handled = (async () => handle(request))();
    handled.then(
      (answer) => reply({ answer }),
      (error: unknown) => reply({ error: error instanceof Error ? String(error.stack) : 'failed' }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole terminal; the parent ends us when it has cleared up.
  process.on('SIGINT', () => undefined);
}
