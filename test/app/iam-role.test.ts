import { describe, expect, test } from '@jest/globals';
import { Chart } from 'cdk8s';
import { KustomizeApp } from '../../charts';
import { IamRole } from '../../charts/app/aws/iam-role';

const statement = (sid: string) => ({ sid, actions: ['kms:Decrypt'], resources: ['*'] });
const roleIn = (region: string, role: string) => {
  const app = new KustomizeApp();
  return {
    app,
    role: new IamRole(new Chart(app, 'x'), 'role', {
      aws: { accountId: '123456789012', region },
      role,
      serviceAccount: { namespace: 'a', name: 'b' },
      statements: () => [statement('Own')],
    }),
  };
};

describe('the ARN', () => {
  test.each([
    ['eu-west-1', 'arn:aws:iam::123456789012:role/vault'],
    ['cn-north-1', 'arn:aws-cn:iam::123456789012:role/vault'],
    ['us-gov-west-1', 'arn:aws-us-gov:iam::123456789012:role/vault'],
  ])('is derived from the name in %s', (region, arn) => {
    expect(roleIn(region, 'vault').role.arn).toBe(arn);
  });

  test('may be given, with a path; the name follows', () => {
    const { role } = roleIn('eu-west-1', 'arn:aws:iam::123456789012:role/teams/platform/vault');
    expect([role.arn, role.name]).toEqual(['arn:aws:iam::123456789012:role/teams/platform/vault', 'vault']);
  });

  test('of another account, of another partition or malformed is refused', () => {
    const message = (role: string) => {
      try {
        roleIn('eu-west-1', role).app.render();
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message('arn:aws:iam::999999999999:role/vault')).toContain(
      'role: got "arn:aws:iam::999999999999:role/vault"; allowed: roles of account 123456789012 in partition aws;',
    );
    expect(message('arn:aws-cn:iam::123456789012:role/vault')).toContain('allowed: roles of account 123456789012 in partition aws;');
    expect(message('arn:aws:iam::123456789012:user/vault')).toContain('allowed: ARNs of IAM roles;');
    expect(message('no spaces')).toContain('allowed: 1 to 64 characters of A-Z, a-z, 0-9 and "_+=,.@-";');
  });
});

test.each([
  ['Own', 'each sid once'],
  ['not plain', 'letters and digits'],
])('a statement named %j is refused: IAM takes no such document', (sid, allowed) => {
  const { app, role } = roleIn('eu-west-1', 'vault');
  role.addStatements(statement(sid));
  expect(() => app.render()).toThrow(new RegExp(`statements: sid: got "${sid}"; allowed: .*${allowed}`));
});

test('later charts add statements, until the app is rendered', () => {
  const { app, role } = roleIn('eu-west-1', 'vault');
  role.addStatements(statement('Added'));
  expect(role.statements().map(({ sid }) => sid)).toEqual(['Own', 'Added']);
  app.render();
  expect(() => role.addStatements(statement('Late'))).toThrow(
    '[x/role] role.addStatements was called after app.synth(): call it before, or dist lacks what it adds',
  );
});
