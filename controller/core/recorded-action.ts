/**
 * What an act is called on record: as the commands are called, or what an agent does. One who is
 * refused at the door stands there by the same word as one who is refused further in, so that
 * whoever asks for `token create` finds both.
 */
import type { RpcName } from './authorize.ts';
import type { IdentityRequest } from './identities.ts';

export const IDENTITY_ACTIONS = {
  createToken: 'token create',
  revokeToken: 'token revoke',
  revokeCertificates: 'cert revoke',
  removeHost: 'host remove',
  readmitHost: 'host readmit',
  enrol: 'enrol',
  renew: 'renew',
  return: 'return',
  addCertificates: 'cert add',
} as const satisfies Record<IdentityRequest['kind'], string>;

const ACTIONS: Partial<Readonly<Record<RpcName, string>>> = {
  'AgentLink.Connect': 'connect',
  'Control.ReadLogs': 'logs',
  'Authority.CreateToken': IDENTITY_ACTIONS.createToken,
  'Authority.RevokeToken': IDENTITY_ACTIONS.revokeToken,
  'Authority.RevokeCertificates': IDENTITY_ACTIONS.revokeCertificates,
  'Authority.AddCertificates': IDENTITY_ACTIONS.addCertificates,
  'Authority.Renew': IDENTITY_ACTIONS.renew,
  'Authority.RemoveHost': IDENTITY_ACTIONS.removeHost,
  'Authority.ReadmitHost': IDENTITY_ACTIONS.readmitHost,
  'Enrollment.Enrol': IDENTITY_ACTIONS.enrol,
  'Enrollment.Return': IDENTITY_ACTIONS.return,
};

/** The call's own name where it does several things, or nothing that is on record. */
export function actionOf(rpc: RpcName): string {
  return ACTIONS[rpc] ?? rpc;
}
