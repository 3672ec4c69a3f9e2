/** What is submitted, in the words that people would have typed for it. */
import type { Runbook, Submission } from '../proto/operation.ts';
import { strategyWords } from '../proto/strategy-text.ts';
import type { OperationId } from '../proto/vocabulary.ts';
import { shellWord } from './render/shell.ts';

/** Of the operation that it becomes. */
export function idOf(submission: Submission): OperationId {
  return submission.kind === 'operation' ? submission.request.id : submission.id;
}

/** For a sentence: `restart`, `runbook restart-web`, `retry`. Not neutralised. */
export function nounOf(submission: Submission): string {
  switch (submission.kind) {
    case 'operation':
      return submission.request.verb;
    case 'runbook':
      return `runbook ${submission.runbook}`;
    case 'retry':
      return 'retry';
  }
}

/** It shall touch as many hosts, and no other number. */
export function expecting(submission: Submission, expectHosts: number): Submission {
  return submission.kind === 'operation'
    ? { ...submission, request: { ...submission.request, expectHosts } }
    : { ...submission, expectHosts };
}

/** What fleetctl was called with, without what it does meanwhile. For a shell; not neutralised. */
export function commandOf(submission: Submission): string {
  switch (submission.kind) {
    case 'operation':
      return requestCommand(submission.request) + allowedOnlyWord(submission.request);
    case 'runbook':
      return shellCommand(['run', submission.runbook]);
    case 'retry':
      return shellCommand(['op', 'retry', submission.of]) + allowedOnlyWord(submission);
  }
}

/** `restart web --hosts prod-1 --batch 10%`. For a shell; not neutralised. */
export function requestCommand(request: Omit<Runbook, 'name' | 'description' | 'reason'>): string {
  const { verb, signal, processes, hosts, order, fullStop, strategy } = request;
  return shellCommand([
    verb,
    ...(signal === null ? [] : [signal]),
    ...processes,
    ...['--hosts', hosts],
    ...(order === 'host' ? ['--order', order] : []),
    ...(fullStop ? ['--full-stop'] : []),
    ...strategyWords(strategy),
  ]);
}

function allowedOnlyWord({ allowedOnly }: { readonly allowedOnly: boolean }): string {
  return allowedOnly ? ' --allowed-only' : '';
}

function shellCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
