/** A person on the host under test: gives orders to its core and hears what is told of them. */
import type { AgentEffect, AgentStep, ConfigReading } from '../../agent/core/state.ts';
import { heldText } from '../../proto/hold-text.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import { operationId } from '../../proto/vocabulary.ts';
import type { TestHost } from './agent-host.ts';
import { ALICE } from './local-callers.ts';

export interface LocalPerson {
  /** @returns what that led to, with a configuration that reads as `setReading` said */
  readonly order: (request: LocalOrder) => AgentStep;
  readonly setReading: (reading: ConfigReading) => void;
  /** What was told since this was asked last, as in `web start`, `web stop not-running`. */
  readonly heard: () => readonly string[];
  /** Hands on what a step told. */
  readonly listen: (step: AgentStep) => AgentStep;
  /** Answers whatever wants the configuration read. */
  readonly read: (step: AgentStep) => AgentStep;
}

export function aPerson(host: TestHost, first: ConfigReading): LocalPerson {
  let reading = first;
  let lastOrder = 0;
  const news: string[] = [];
  const listen = (step: AgentStep): AgentStep => {
    for (const effect of step.effects) if (effect.kind === 'tell') news.push(newsText(effect.news));
    return step;
  };
  const read = (step: AgentStep): AgentStep => {
    const wanted = step.effects.find(isReading);
    if (wanted === undefined) return step;
    const answer = host.step({ kind: 'configRead', purpose: wanted.purpose, reading });
    return read({
      state: answer.state,
      writes: [...step.writes, ...answer.writes],
      effects: [...step.effects.filter((effect) => effect !== wanted), ...answer.effects],
    });
  };
  return {
    order: (request) => {
      lastOrder += 1;
      const given = { request, by: ALICE, command: request.kind };
      return listen(read(host.step({ kind: 'order', order: lastOrder, ...given })));
    },
    setReading: (next) => {
      reading = next;
    },
    heard: () => news.splice(0, news.length),
    listen,
    read,
  };
}

const isReading = (
  effect: AgentEffect,
): effect is Extract<AgentEffect, { readonly kind: 'readConfig' }> => effect.kind === 'readConfig';

export function control(
  verb: 'start' | 'stop' | 'restart' | 'signal',
  ...names: readonly string[]
): LocalOrder {
  const signal = verb === 'signal' ? 'HUP' : null;
  return { kind: 'control', operationId: operationId(`local-${verb}`), verb, signal, names };
}

export const anUpdate = (...groups: readonly string[]): LocalOrder => ({
  kind: 'update',
  operationId: operationId('local-update'),
  groups,
});

function newsText(news: OrderNews): string {
  switch (news.kind) {
    case 'process':
      return [news.process, news.step, news.fault].filter((word) => word !== null).join(' ');
    case 'group':
      return [news.group, news.action, news.fault].filter((word) => word !== null).join(' ');
    case 'hold': {
      const now = news.hold === null ? 'released' : heldText(news.hold);
      return `${news.process} ${now}${news.before === null ? '' : `, was ${heldText(news.before)}`}`;
    }
    case 'reread':
      return `reread ${news.changes.map(({ group, change }) => `${group} ${change}`).join(', ')}`;
    case 'avail':
      return `avail ${news.processes.map(({ process, inUse }) => `${process} ${inUse}`).join(', ')}`;
    case 'done':
      return 'done';
    case 'refused':
      return `refused ${news.refusal.code}`;
  }
}
