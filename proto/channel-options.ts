/**
 * grpc-js options that every connection of the fleet uses. The defaults are wrong for us: no
 * keepalive, a DNS TXT look-up, an HTTP proxy taken from the environment, retries that would hide
 * a repeated command, and channelz, which leaks (grpc-node #2068, #2371).
 */
import type { ChannelOptions } from '@grpc/grpc-js';

/**
 * A dead peer is noticed within 20 s, by a ping and by the heartbeats of the agents' streams. An
 * answer may take long: grpc-js judges whether it is there before it reads what has come, so with
 * less patience a controller that was busy for a moment would lose its whole fleet.
 */
const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/** Of the controller, which would have to send them to all: rarer, since agents are heard anyway. */
const SERVER_KEEPALIVE_TIME_MS = 20_000;
const SERVER_KEEPALIVE_TIMEOUT_MS = 15_000;

/** Above every frame that we send by far; an agent cannot make the controller buffer more. */
export const MESSAGE_MAX_BYTES = 1_048_576;

/** A plan or result of 100,000 targets, with what the controller keeps of their logs, on its way to fleetctl. */
export const OPERATION_MAX_BYTES = 64 * 1_048_576;

const SHARED: ChannelOptions = {
  'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.enable_channelz': 0,
};

/**
 * Calls under way on one connection; a program of ours has a few. Each can make the controller keep
 * a message that has not come in whole.
 */
const STREAMS_MAX = 32;

/**
 * What one connection may make HTTP/2 keep before it refuses new calls on it: headers, and what the
 * other end is slow to read. Above the largest answer, so that nobody is refused for reading one.
 */
const SESSION_MEMORY_MAX_MB = 128;

export const serverOptions: ChannelOptions = {
  ...SHARED,
  'grpc.keepalive_time_ms': SERVER_KEEPALIVE_TIME_MS,
  'grpc.keepalive_timeout_ms': SERVER_KEEPALIVE_TIMEOUT_MS,
  'grpc.max_concurrent_streams': STREAMS_MAX,
  'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
  'grpc.max_send_message_length': OPERATION_MAX_BYTES,
  'grpc-node.max_session_memory': SESSION_MEMORY_MAX_MB,
};

/** Without keepalive: neither end of a UNIX socket goes away unnoticed. */
export const localServerOptions: ChannelOptions = {
  'grpc.enable_channelz': 0,
  'grpc.max_concurrent_streams': STREAMS_MAX,
  'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
  'grpc.max_send_message_length': OPERATION_MAX_BYTES,
};

export function clientOptions(receiveMaxBytes: number): ChannelOptions {
  return {
    ...SHARED,
    'grpc.max_receive_message_length': receiveMaxBytes,
    'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  };
}
