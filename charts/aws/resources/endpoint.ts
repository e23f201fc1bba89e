import { oneOf } from '../../app/validation/check';
import type { KnownProps, Problems } from '../../app/validation/problems';
import type { AwsResource, NamedPolicies, Templates, TemplateTags } from '../aws-resource';
import { ref, resourcePolicyDocument } from '../cloudformation-syntax';
import type { EnvironmentRequirements } from '../environment-requirements';
import type { ResourcePolicyStatement } from '../resource-policy';
import { type Blocks, policyJson, terraformTags } from '../terraform-syntax';
import type { Roles } from './role';

/** A gateway endpoint for DynamoDB. The VPC and its route tables are asked for at deployment. */
export interface EndpointProps {
  /** What may pass: "full-access", everything; "vault-table-only", what Vault's roles may do with Vault's table. The second breaks every other user of DynamoDB behind the same route tables. */
  readonly policy: 'full-access' | 'vault-table-only';
}

/** A gateway endpoint for DynamoDB. */
interface Endpoint {
  readonly service: string;
  /** Empty: AWS's own, which lets everything through. */
  readonly policy: readonly ResourcePolicyStatement[];
}

/** A gateway endpoint for DynamoDB in the cluster's VPC, where the props ask for one. */
export class GatewayEndpoint implements AwsResource {
  constructor(
    private readonly environment: EnvironmentRequirements,
    private readonly props: EndpointProps | undefined,
    private readonly roles: Roles,
  ) {}

  validate(problems: Problems): void {
    const { props } = this;
    if (!problems.isGroup('endpoint', props)) return;
    problems.checkNames('endpoint', props, { policy: true } satisfies KnownProps<EndpointProps>);
    problems.require('endpoint.policy', props.policy, oneOf('full-access', 'vault-table-only'));
  }

  /** Whether there is one: the VPC and its route tables are asked for at deployment. */
  get isMade(): boolean {
    return this.model !== undefined;
  }

  get policies(): NamedPolicies {
    return [['endpoint', this.model?.policy ?? []]];
  }

  terraform(): Readonly<Record<string, Blocks>> {
    return { aws_vpc_endpoint: this.model === undefined ? {} : { dynamodb: terraformEndpoint(this.model) } };
  }

  terraformOutputs(): Blocks {
    return {};
  }

  cloudFormation({ list }: TemplateTags): Templates {
    return this.model === undefined ? {} : { Endpoint: templateEndpoint(this.model, list) };
  }

  cloudFormationOutputs(): Templates {
    return {};
  }

  /** Lets pass the actions and resources of DynamoDB that Vault's roles may use, or everything; conditions are the roles' own. */
  private get model(): Endpoint | undefined {
    const { aws } = this.environment;
    if (this.props === undefined || aws === undefined) return undefined;
    const service = `com.amazonaws.${aws.region}.dynamodb`;
    if (this.props.policy === 'full-access') return { service, policy: [] };
    const passing = this.roles.statements.filter(({ actions }) => actions.some(action => action.startsWith('dynamodb:')));
    return { service, policy: passing.map(({ actions, resources }) => ({ effect: 'Allow', principal: '*', actions, resources })) };
  }
}

const terraformEndpoint = ({ service, policy }: Endpoint): object => ({
  vpc_id: `\${var.vpc_id}`,
  service_name: service,
  vpc_endpoint_type: 'Gateway',
  route_table_ids: `\${var.route_table_ids}`,
  ...(policy.length > 0 && { policy: policyJson('endpoint') }),
  tags: terraformTags,
});

const templateEndpoint = ({ service, policy }: Endpoint, tags: object): object => ({
  Type: 'AWS::EC2::VPCEndpoint',
  Properties: {
    VpcId: ref('VpcId'),
    ServiceName: service,
    VpcEndpointType: 'Gateway',
    RouteTableIds: ref('RouteTableIds'),
    ...(policy.length > 0 && { PolicyDocument: resourcePolicyDocument(policy) }),
    ...tags,
  },
});
