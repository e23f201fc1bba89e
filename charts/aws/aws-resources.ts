import { Construct } from 'constructs';
import { OutputFolder } from '../app/kustomize/output-file';
import type { AwsResourcesProps } from './aws-resources-props';
import { awsOf, buildModel } from './build-model';
import { cloudFormation } from './cloudformation';
import { requirementsBeside, rolesBeside } from './collect';
import { terraform } from './terraform';
import { validateAws } from './validation';

/**
 * What the charts of this base need of AWS, in `dist/aws`: `iam/` with the documents of every role, and the same resources as a Terraform module
 * (`terraform/`) and as a template of CloudFormation (`cloudformation.yaml`). Use one of the three.
 *
 * Tables, keys, secrets of custody and backup vaults outlive a stack. Terraform refuses to destroy or replace them as long as the module names
 * them: before it no longer does, take them out of the state.
 */
export class AwsResources extends Construct {
  constructor(scope: Construct, id: string, props: AwsResourcesProps) {
    super(scope, id);
    new OutputFolder(this, 'folder', {
      path: 'aws',
      files: () => {
        const [roles, needs] = [rolesBeside(this), requirementsBeside(this)];
        const aws = awsOf(roles, needs);
        // refused by validation
        if (aws === undefined) return new Map();
        const model = buildModel(props, aws, roles, needs);
        const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
        return new Map([
          ...model.roles.flatMap(({ name, policy, trust }): [string, string][] => [
            [`iam/${name}.policy.json`, json(policy)],
            [`iam/${name}.trust.json`, json(trust)],
          ]),
          ...Object.entries(terraform(model)).map(([name, file]): [string, string] => [`terraform/${name}.tf.json`, json(file)]),
          ['cloudformation.yaml', cloudFormation(model)],
        ]);
      },
    });
    this.node.addValidation({ validate: () => validateAws(props, rolesBeside(this), requirementsBeside(this)) });
  }
}
