/** An agent that a test plays itself, for whatever a well-behaved one would not do. */
import { Client, type ClientDuplexStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import { clientOptions, MESSAGE_MAX_BYTES } from '../../../proto/channel-options.ts';
import { decodeRefusal } from '../../../proto/codec/error.ts';
import { decodeControllerFrame, encodeAgentMessage } from '../../../proto/codec/link.ts';
import type { Credentials } from '../../../proto/credentials.ts';
import type { Refusal } from '../../../proto/errors.ts';
import type { AgentFrame } from '../../../proto/gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame__Output } from '../../../proto/gen/fleet/v1/ControllerFrame.ts';
import { agentLinkService } from '../../../proto/load.ts';
import type { AgentLogMessage, ControllerLogMessage } from '../../../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../../../proto/messages.ts';
import { channelCredentials } from '../../../proto/tls.ts';
import { PROTOCOL_VERSION } from '../../../proto/version.ts';
import { journalId } from '../../../proto/vocabulary.ts';

type Welcome = Extract<ControllerMessage, { readonly kind: 'welcome' }>;

export interface AgentStream extends Disposable {
  readonly stream: ClientDuplexStream<AgentFrame | Buffer, ControllerFrame__Output>;
  say(message: AgentMessage | AgentLogMessage): void;
  /** Rejects where it is refused. */
  readonly welcomed: Promise<Welcome>;
  /** Why it ended. */
  readonly refused: Promise<Refusal>;
  heard(): readonly Heard[];
  /** With each message from now on. */
  onHeard(listen: (message: Heard) => void): void;
}

export type Heard = ControllerMessage | ControllerLogMessage;

/** What is a Buffer goes out as it is. */
function serialize(frame: AgentFrame | Buffer): Buffer {
  return Buffer.isBuffer(frame) ? frame : connect.requestSerialize(frame);
}

const connect = agentLinkService['Connect'] as NonNullable<(typeof agentLinkService)[string]>;

export function dialAsAgent(port: number, credentials: Credentials): AgentStream {
  const client = new Client(
    `127.0.0.1:${port}`,
    channelCredentials(credentials),
    clientOptions(MESSAGE_MAX_BYTES),
  );
  const stream = client.makeBidiStreamRequest(
    connect.path,
    serialize,
    connect.responseDeserialize as (bytes: Buffer) => ControllerFrame__Output,
    new Metadata(),
  );
  const heard: Heard[] = [];
  const listeners: ((message: Heard) => void)[] = [];
  const refused = new Promise<Refusal>((resolve) => {
    stream.on('error', (error: ServiceError) => resolve(decodeRefusal(error)));
  });
  const welcomed = new Promise<Welcome>((resolve, reject) => {
    stream.on('data', (frame: ControllerFrame__Output) => {
      const message = decodeControllerFrame(frame);
      heard.push(message);
      for (const listen of listeners) listen(message);
      if (message.kind === 'welcome') resolve(message);
    });
    void refused.then((because) => reject(new Error(because.message)));
  });
  welcomed.catch(() => undefined);
  return {
    stream,
    say: (message) => void stream.write(encodeAgentMessage(message)),
    welcomed,
    refused,
    heard: () => heard,
    onHeard: (listen) => void listeners.push(listen),
    [Symbol.dispose]: () => client.close(),
  };
}

export function helloOf(instanceId: string): Extract<AgentMessage, { readonly kind: 'hello' }> {
  return {
    kind: 'hello',
    protocolVersion: PROTOCOL_VERSION,
    agentVersion: '0.1.0',
    journalId: journalId(`journal-${instanceId}`),
    labels: {},
    adopted: null,
    stateProblem: null,
    instanceId,
  };
}
