/**
 * Whether a server answers as it should: 200 to 399 to a GET. What stands behind a redirect is another
 * place, so it is not followed; the body is not read.
 */
import { get as getByHttp, type IncomingMessage } from 'node:http';
import { get as getByHttps } from 'node:https';
import { PRODUCT_VERSION } from '../../../proto/version.ts';
import { type Answer, failed, type Look, PASSED, reasonOf } from './look.ts';

/** @throws where the URL cannot be asked at all */
export function lookByHttp(url: string, answer: Answer): Look {
  const get = new URL(url).protocol === 'https:' ? getByHttps : getByHttp;
  const headers = { 'user-agent': `fleetvisor/${PRODUCT_VERSION} (healthcheck)` };
  // A connection of its own: one that is kept says nothing about the server of this moment.
  const request = get(url, { agent: false, headers });
  request.once('response', (response) => {
    // It is not read to its end.
    response.on('error', () => undefined);
    answer(judge(response));
    request.destroy();
  });
  // "101 Switching Protocols" comes in another way, and hands the connection over.
  request.once('upgrade', (response, socket) => {
    answer(judge(response));
    socket.destroy();
  });
  request.on('error', (error) => answer(failed(reasonOf(error))));
  request.once('close', () => answer(failed('the connection was closed without an answer')));
  return {
    giveUp: () => {
      request.destroy();
      return 'no answer';
    },
    isOver: () => true,
  };
}

function judge({ statusCode = 0, statusMessage = '' }: IncomingMessage) {
  if (statusCode >= 200 && statusCode <= 399) return PASSED;
  return failed(`answered ${statusCode} ${statusMessage}`.trim());
}
