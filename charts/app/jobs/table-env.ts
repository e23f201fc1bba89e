import type { k8s } from '../../../imports';
import type { IVault } from '../vault';

/** How a Job finds the table of a Vault: by the variables of AWS's SDKs (AWS SDKs and Tools Reference Guide, "Service-specific endpoints"). */
export const tableEnv = ({ table, aws }: IVault): readonly k8s.EnvVar[] => [
  { name: 'AWS_REGION', value: table?.region ?? aws.region },
  ...(table?.endpoint === undefined ? [] : [{ name: 'AWS_ENDPOINT_URL_DYNAMODB', value: table.endpoint }]),
];
