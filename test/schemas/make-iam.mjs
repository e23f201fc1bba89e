// Makes iam-actions.json: which resources each action knows, from AWS's Service Authorization Reference as cfn-lint carries it.
//   pip install --target /tmp/lint cfn-lint==1.58.0 && node test/schemas/make-iam.mjs /tmp/lint
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const all = JSON.parse(readFileSync(join(process.argv[2], 'cfnlint', 'data', 'AdditionalSpecs', 'Policies.json'), 'utf8'));
const services = Object.fromEntries(
  ['application-autoscaling', 'backup', 'cloudwatch', 'dynamodb', 'iam', 'kms', 'secretsmanager', 'ssm', 'sts'].map(service => {
    const { Actions: actions, Resources: resources } = all[service];
    return [
      service,
      {
        actions: Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, (action.Resources ?? []).map(type => type.toLowerCase())])),
        resources: Object.fromEntries(Object.entries(resources).map(([name, resource]) => [name, resource.ARNFormats])),
      },
    ];
  }),
);
writeFileSync(new URL('iam-actions.json', import.meta.url), `${JSON.stringify(services)}\n`);
