import { type AwsEnvironment, partitionOf, regionCheck } from '../app/aws/environment';
import type { Check } from '../app/validation/check';
import type { Part } from '../app/validation/part';
import type { Problems } from '../app/validation/problems';
import type { EnvironmentRequirements } from './environment-requirements';

// issuers of clusters, the second that of clusters with IPv6 (EKS User Guide, "Create an IAM OIDC provider for your cluster")
const issuer =
  /^oidc(?:\.eks\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|-eks\.([a-z0-9-]+)\.api\.(?:aws|amazonwebservices\.com\.cn))\/id\/[A-Z0-9]+$/;
const issuerRegion = (oidcProvider: string): string | undefined => {
  const [, one, other] = issuer.exec(oidcProvider) ?? [];
  return one ?? other;
};

const oidcProviderCheck: Check<string> = {
  ok: value => regionCheck.ok(issuerRegion(value) ?? ''),
  allowed: 'OIDC providers of EKS clusters, without "https://"',
  fix: 'write for example "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"',
};

/** Where everything is made: one stack is in one account and region, those of the cluster and its OIDC provider. */
export class Location implements Part {
  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly oidcProvider: string,
    /** Whether resources of a type are made elsewhere, so that their region does not matter. */
    private readonly isMadeElsewhere: (type: 'table' | 'key') => boolean,
  ) {}

  validate(problems: Problems): void {
    const { aws } = this.environment;
    problems.require('oidcProvider', this.oidcProvider, oidcProviderCheck);
    if (aws === undefined) {
      problems.refuse(
        'oidcProvider',
        this.oidcProvider,
        'an environment with a VaultServer',
        'put AwsResources where the VaultServer stands',
      );
      return;
    }
    this.validateProvider(problems, aws);
    this.validateCharts(problems, aws);
    this.validateResources(problems, aws);
  }

  private validateProvider(problems: Problems, aws: AwsEnvironment): void {
    const ofIssuer = issuerRegion(this.oidcProvider ?? '');
    if (ofIssuer !== undefined && regionCheck.ok(ofIssuer) && ofIssuer !== aws.region)
      problems.refuse('oidcProvider', this.oidcProvider, `a provider of ${aws.region}, the region of aws`, 'correct one of the two');
    else if (ofIssuer !== undefined && /\.cn\//.test(this.oidcProvider) !== (partitionOf(aws.region) === 'aws-cn'))
      problems.refuse(
        'oidcProvider',
        this.oidcProvider,
        `a domain of partition ${partitionOf(aws.region)}`,
        'copy the issuer of the cluster',
      );
  }

  private validateCharts(problems: Problems, aws: AwsEnvironment): void {
    for (const { aws: other, node } of [...this.environment.roles, ...this.environment.all])
      if (other.accountId !== aws.accountId || other.region !== aws.region)
        problems.refuse(
          `aws of ${node.path}`,
          `${other.accountId} ${other.region}`,
          `${aws.accountId} ${aws.region}, as the other charts of this environment`,
          'put what lies in another account or region into its own app.environment(...)',
        );
  }

  private validateResources(problems: Problems, aws: AwsEnvironment): void {
    for (const { resource, region } of this.environment.all) {
      if (
        region === aws.region ||
        resource.type === 'secret' ||
        resource.type === 'service-role' ||
        (resource.type === 'key' && resource.exists)
      )
        continue;
      if (this.isMadeElsewhere(resource.type)) continue;
      problems.refuse(
        resource.type,
        resource.name,
        `${resource.type}s in ${aws.region}: a stack is in one region, and this ${resource.type} is in ${region}`,
        resource.type === 'table'
          ? 'make it and its backups yourself: table: "existing", backup: "off"'
          : 'make it yourself: key: "existing"',
      );
    }
  }
}
