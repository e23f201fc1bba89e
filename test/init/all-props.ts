import { Custody } from '../../charts';
import type { RevokedRootProps } from '../../charts/init/vault-init-props';

/** The form of a PGP public key: one packet of 269 bytes, as of RSA with 2048 bits. */
export const pgpKey = (fill: number): string =>
  Buffer.concat([Buffer.from([0x99, 0x01, 0x0d]), Buffer.alloc(269, fill)]).toString('base64');

/** Every prop of VaultInit, where the root token is not encrypted: a new one does not compile until it has a value here. */
export const everyInitProp: Required<Omit<RevokedRootProps, 'vault' | 'rootTokenPgpKey'>> = {
  recoveryShares: 3,
  recoveryThreshold: 2,
  pgpKeys: [pgpKey(1), pgpKey(2), pgpKey(3)],
  admin: {
    method: 'jwt',
    issuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    iamPrincipals: ['arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef'],
    serverId: 'vault.example.com',
  },
  custody: Custody.secretsManager('arn:aws:secretsmanager:eu-west-1:123456789012:secret:vault/recovery-AbCdEf', {
    kmsKey: '1234abcd-12ab-34cd-56ef-1234567890ab',
  }),
  rootToken: 'custody',
  adopt: true,
  role: 'keeper-of-keys',
  outbound: { proxy: 'http://proxy.example.com:3128', ca: { configMap: 'proxy-ca', key: 'proxy.crt' } },
  resources: {
    requests: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
    limits: { cpu: '1', memory: '1Gi', ephemeralStorage: '1Gi' },
  },
};
