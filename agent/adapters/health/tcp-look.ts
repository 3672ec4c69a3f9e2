/** Whether somebody listens: a connection that is made and closed again. */
import { connect } from 'node:net';
import type { Address } from '../../../proto/dialect/values.ts';
import { type Answer, failed, type Look, PASSED, reasonOf } from './look.ts';

export function lookByTcp({ host, port }: Address, answer: Answer): Look {
  const socket = connect({ host, port });
  // Asked for a name, it may still fail once it has been given up.
  socket.on('error', (error) => answer(failed(reasonOf(error))));
  socket.once('connect', () => {
    socket.destroy();
    answer(PASSED);
  });
  return {
    giveUp: () => {
      socket.destroy();
      return 'no connection';
    },
    isOver: () => true,
  };
}
