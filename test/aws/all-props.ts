import type {
  AutoscalingProps,
  AwsResourcesProps,
  BackupCopyProps,
  BackupLockProps,
  BackupProps,
  EndpointProps,
  KeyProps,
  ProvisionedTableProps,
  SecretProps,
  SecretReplica,
  WeeklyScheduleProps,
} from '../../charts';
import { dataKey, oidcProvider, topic } from './support';

/** Every prop of AwsResources: a new one does not compile until it has a value here. */
export const everyAwsProp = {
  oidcProvider,
  actions: 'documented',
  table: {
    billingMode: 'PROVISIONED',
    readCapacity: 10,
    writeCapacity: 20,
    autoscaling: { maxReadCapacity: 40, maxWriteCapacity: 80, targetUtilization: 60 } satisfies Required<AutoscalingProps>,
    pointInTimeRecovery: true,
    deletionProtection: true,
    kmsKey: dataKey,
    restrictAccess: true,
  } satisfies Required<ProvisionedTableProps>,
  key: { rotationDays: 180, restrictAccess: true, multiRegion: true } satisfies Required<KeyProps>,
  secrets: {
    restrictAccess: true,
    replicas: [{ region: 'eu-central-1', kmsKey: dataKey } satisfies Required<SecretReplica>],
  } satisfies Required<SecretProps>,
  backup: {
    schedule: { hour: 3, minute: 30, weekdays: ['SUN'] } satisfies Required<Omit<WeeklyScheduleProps, 'dayOfMonth'>>,
    retentionDays: 90,
    failureTopic: topic(),
    copyTo: {
      backupVaultArn: 'arn:aws:backup:eu-central-1:210987654321:backup-vault:vault-data',
      retentionDays: 365,
    } satisfies Required<BackupCopyProps>,
    lock: { minRetentionDays: 30, maxRetentionDays: 400, changeableForDays: 3 } satisfies Required<BackupLockProps>,
    kmsKey: dataKey,
  } satisfies Required<BackupProps>,
  endpoint: { policy: 'vault-table-only' } satisfies Required<EndpointProps>,
  tags: { team: 'platform', 'cost-center': '42' },
} satisfies Required<AwsResourcesProps>;
