// What main.ts may use.
export { k8s } from '../imports';
export type { AwsEnvironment } from './app/aws/environment';
export type { ActionList, IamRole, IamStatement } from './app/aws/iam-role';
export type { HclValue } from './app/hcl';
export type { AdminPath } from './app/jobs/admin-path';
export type { OutboundProps } from './app/jobs/outbound';
export type { VaultWrite } from './app/jobs/vault-write';
export type { ContainerImage, ImageProps, Images, ImagesProps } from './app/kubernetes/images';
export type { SelectorLabels } from './app/kubernetes/labels';
export type { CidrPeer, EgressPeer, NetworkPeer, PodPeer } from './app/kubernetes/network-peers';
export type { Placement, PlacementProps } from './app/kubernetes/placement';
export type { ResourceAmounts, ResourcesProps } from './app/kubernetes/resources';
export type { PodUser } from './app/kubernetes/security';
export { KustomizeApp, type KustomizeAppProps } from './app/kustomize/kustomize-app';
export type { KustomizeComponent, KustomizeEnvironment } from './app/kustomize/kustomize-folder';
export { OutputFile, type OutputFileProps } from './app/kustomize/output-file';
export { SynthError } from './app/kustomize/synth-error';
export type { IVault, VaultServices, VaultTable, VaultUnsealKey } from './app/vault';
export { AwsResources, type AwsResourcesProps } from './aws/aws-resources';
export type { BackupProps } from './aws/resources/backup';
export type { BackupCopyProps } from './aws/resources/backup-copy';
export type { BackupLockProps } from './aws/resources/backup-lock';
export type {
  BackupScheduleProps,
  CommonScheduleProps,
  MonthlyScheduleProps,
  Weekday,
  WeeklyScheduleProps,
} from './aws/resources/backup-schedule';
export type { EndpointProps } from './aws/resources/endpoint';
export type { KeyProps } from './aws/resources/key';
export type { SecretProps, SecretReplica } from './aws/resources/secret';
export type { AutoscalingProps, CommonTableProps, OnDemandTableProps, ProvisionedTableProps, TableProps } from './aws/resources/table';
export type { AuditDeviceProps } from './configuration/audit-devices';
export type { AuthMethodProps, OtherAuthProps } from './configuration/auth/auth-methods';
export type { AwsAuthProps, AwsAuthRole } from './configuration/auth/aws';
export type { KubernetesAuthProps, KubernetesAuthRole } from './configuration/auth/kubernetes';
export type { TokenProps } from './configuration/auth/token';
export type {
  CommonDatabaseProps,
  DatabaseProps,
  DatabaseRole,
  DatabaseRoleBase,
  GroupRole,
  MysqlDatabaseProps,
  PostgresqlDatabaseProps,
  PrivilegesRole,
  StatementsRole,
  StaticRole,
} from './configuration/databases/database';
export type { DriftScheduleProps } from './configuration/drift-schedule';
export type { DatabaseEngineProps, KvProps, OtherEngineProps, SecretsEngineProps } from './configuration/engines';
export type { GroupProps } from './configuration/groups';
export type { PasswordPolicy } from './configuration/password-policies';
export type { Capability, PolicyParameters, PolicyRule } from './configuration/policies';
export type { RawOperation } from './configuration/raw';
export { accessorOf, groupIdOf } from './configuration/references';
export type { KubernetesSecretSource, SecretField, SecretSource, SecretsManagerSource, SsmSource } from './configuration/secret-source';
export type { TuneProps } from './configuration/tune';
export { VaultConfiguration } from './configuration/vault-configuration';
export type { VaultConfigurationProps } from './configuration/vault-configuration-props';
export type { AdminProps, JwtAdminProps, KubernetesAdminProps, PeopleProps } from './init/admin';
export { Custody } from './init/custody/custody';
export type { ClosedCustodyPlace, CustodyPlace } from './init/custody/place';
export type { SecretsManagerCustodyProps } from './init/custody/secrets-manager';
export type { InitPlan } from './init/plan';
export { VaultInit } from './init/vault-init';
export type { EncryptedProps, EncryptedRootProps, InitJobProps, RevokedRootProps, VaultInitProps } from './init/vault-init-props';
export { VaultLockWatch, type VaultLockWatchProps } from './lock-watch/vault-lock-watch';
export type { DrillLoginProps } from './restore/drill/drill-login';
export type { DrillScheduleProps } from './restore/drill/drill-schedule';
export { type UnreachableDatabase, VaultRestoreDrill, type VaultRestoreDrillProps } from './restore/drill/vault-restore-drill';
export { VaultRestore, type VaultRestoreProps } from './restore/vault-restore';
export type { AutomaticProps } from './rollout/automatic';
export type { AwsBackupProps } from './rollout/table-backup';
export { VaultRollout, type VaultRolloutProps } from './rollout/vault-rollout';
export type {
  CertificateIssuerProps,
  CertManagerProps,
  CertManagerTlsProps,
  SecretTlsProps,
  ServerCertificate,
  TlsProps,
} from './server/certificate';
export type { DisruptionBudgetProps } from './server/disruption-budget';
export type { VaultServerAttributes } from './server/imported-vault';
export type { NetworkProps } from './server/network';
export type { AuditVolumeProps } from './server/pod/audit-storage';
export type { InitContainer } from './server/pod/init-container';
export type { MemoryLock } from './server/pod/memory-lock';
export type { ServerPod, ServerVolume } from './server/pod/pod';
export type { ProbesProps, ProbeTimings } from './server/pod/probes';
export type { AntiAffinity, ZoneSpread } from './server/pod/scheduling';
export type { CreatedServiceAccountProps, ExistingServiceAccountProps, ServiceAccountProps } from './server/service-account';
export type { ServerServices, ServiceProps, ServicesProps } from './server/services';
export type { VaultConfigProps } from './server/vault-hcl/config';
export type { CustomResponseHeaders, ListenerProps, ServerListener } from './server/vault-hcl/listener';
export type { MetricsProps } from './server/vault-hcl/metrics';
export type { AwsKmsKeyProps, AwsKmsSealProps } from './server/vault-hcl/seal';
export type { DynamoDbStorageProps } from './server/vault-hcl/storage';
export type { TelemetryProps } from './server/vault-hcl/telemetry';
export type { UserLockoutProps } from './server/vault-hcl/user-lockout';
export { VaultServer } from './server/vault-server';
export type { VaultServerProps } from './server/vault-server-props';
