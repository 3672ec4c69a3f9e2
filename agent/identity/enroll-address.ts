/**
 * Where a host whose certificate has expired asks to come back: at the enrolment listener, which is
 * not the one that it dials every day. What the configuration says counts; else where it was enrolled,
 * which `fleet-agent join` writes down; else the usual port of its first controller.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressText } from '../../proto/dialect/values.ts';
import { replaceFile } from '../../proto/pki/pair-files.ts';
import type { AgentSettings } from '../config/load.ts';

/** The default of `enroll_listen`. */
const USUAL_PORT = 7461;

/** `host:port` */
export function enrollAddress(
  agent: Pick<AgentSettings, 'enroll' | 'stateDir' | 'controllers'>,
): string {
  const [controller] = agent.controllers;
  const usual = { host: controller?.host ?? 'localhost', port: USUAL_PORT };
  // A configuration that was accepted by an earlier version does not have it.
  const configured = agent.enroll ?? null;
  if (configured !== null) return addressText(configured);
  return rememberedIn(agent.stateDir) ?? addressText(usual);
}

/** @param addressOfJoin `host:port` */
export function rememberEnrollAddress(stateDir: string, addressOfJoin: string): void {
  replaceFile(pathIn(stateDir), `${addressOfJoin}\n`);
}

function rememberedIn(stateDir: string): string | null {
  try {
    const remembered = readFileSync(pathIn(stateDir), 'utf8').trim();
    return /^[^\s/]+:\d{1,5}$/.test(remembered) ? remembered : null;
  } catch {
    return null;
  }
}

const pathIn = (stateDir: string): string => join(stateDir, 'enrolled-at');
