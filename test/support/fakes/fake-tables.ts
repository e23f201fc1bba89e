import type { Manifest } from '../render';
import { FakeAws } from './fake-aws';
import type { Asked, Reply } from './fake-server';

export interface FakeTable {
  state: string;
  /** What DescribeTable says besides. */
  described: Manifest;
  recoveryDays?: number | undefined;
  policy?: string;
  tags: Manifest[];
  /** Path and Key of each item. */
  items: string[][];
}

const arnOf = (table: string): string => `arn:aws:dynamodb:eu-west-1:123456789012:table/${table}`;
const failure = (type: string, message: string): Reply => ({ status: 400, body: { __type: type, message } });
const ok = (body: object = {}): Reply => ({ status: 200, body });

/** DynamoDB's tables and backups, AWS Backup's recovery points, autoscaling and alarms, as their API references describe the answers that the restore reads. */
export class FakeTables extends FakeAws {
  readonly tables = new Map<string, FakeTable>();
  /** By ARN: of which table, since when (seconds), and its state. */
  readonly tableBackups = new Map<string, { table: string; at: number; state: string; items: string[][] }>();
  readonly points = new Map<string, { at: number; state: string }>();
  backupVault: string | undefined = 'vault-data';
  readonly scaling: { targets: Manifest[]; policies: Manifest[] } = { targets: [], policies: [] };
  readonly alarms: Manifest[] = [];
  /** Asks for the state of a restored table until it is whole. */
  restoreTakes = 1;
  restoreJobEnds: Manifest = { Status: 'COMPLETED' };
  /** Bodies of the orders for restores, in their order. */
  readonly ordered: Manifest[] = [];

  makeTable(name: string, more: Partial<FakeTable> = {}): FakeTable {
    const described = { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' }, DeletionProtectionEnabled: true };
    const table = { state: 'ACTIVE', described, recoveryDays: 35, tags: [], items: [], ...more };
    this.tables.set(name, table);
    return table;
  }

  protected override answer(asked: Asked): Reply {
    const [service = '', action = ''] = (asked.headers['x-amz-target'] ?? '').split('.');
    const fault = this.failing.get(action);
    if (fault !== undefined) return fault;
    if (asked.path.startsWith('backup-vaults/') || asked.path.startsWith('restore-jobs')) return this.awsBackup(asked);
    if (service === 'DynamoDB_20120810') return this.dynamodb(action, asked.body) ?? super.answer(asked);
    if (service === 'AnyScaleFrontendService') return this.autoscaling(action, asked.body);
    if (service === 'GraniteServiceVersion20100801') return this.cloudwatch(action, asked.body);
    return super.answer(asked);
  }

  private dynamodb(action: string, body: Manifest): Reply | undefined {
    if (action === 'ListBackups') {
      const all = [...this.tableBackups].filter(([, { table }]) => table === body.TableName);
      // two a page
      const from = all.findIndex(([arn]) => arn === body.ExclusiveStartBackupArn) + 1;
      const page = all.slice(from, from + 2);
      return ok({
        BackupSummaries: page.map(([BackupArn, { at, state }]) => ({ BackupArn, BackupStatus: state, BackupCreationDateTime: at })),
        ...(from + 2 < all.length ? { LastEvaluatedBackupArn: page.at(-1)?.[0] } : {}),
      });
    }
    if (action === 'DescribeBackup' && this.tableBackups.has(body.BackupArn)) {
      const { at, state } = this.tableBackups.get(body.BackupArn) as { at: number; state: string };
      return ok({ BackupDescription: { BackupDetails: { BackupStatus: state, BackupCreationDateTime: at } } });
    }
    if (action === 'RestoreTableFromBackup' || action === 'RestoreTableToPointInTime') return this.restore(action, body);
    const name = body.TableName ?? /table\/([^/]+)/.exec(body.ResourceArn ?? '')?.[1] ?? Object.keys(body.RequestItems ?? {})[0];
    const table = this.tables.get(name);
    if (name === undefined || action === 'DescribeBackup' || action === 'CreateBackup') return undefined;
    if (table === undefined)
      return failure(
        'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
        `Requested resource not found: Table: ${name} not found`,
      );
    return this.onTable(action, name, table, body);
  }

  private onTable(action: string, name: string, table: FakeTable, body: Manifest): Reply {
    switch (action) {
      case 'DescribeTable': {
        if (table.state.startsWith('CREATING')) {
          const left = Number(table.state.split(' ')[1]) - 1;
          table.state = left > 0 ? `CREATING ${left}` : 'ACTIVE';
          return ok({ Table: { TableName: name, TableArn: arnOf(name), TableStatus: 'CREATING' } });
        }
        return ok({ Table: { TableName: name, TableArn: arnOf(name), TableStatus: table.state, ...table.described } });
      }
      case 'DescribeContinuousBackups':
        return ok({
          ContinuousBackupsDescription: {
            PointInTimeRecoveryDescription:
              table.recoveryDays === undefined
                ? { PointInTimeRecoveryStatus: 'DISABLED' }
                : { PointInTimeRecoveryStatus: 'ENABLED', RecoveryPeriodInDays: table.recoveryDays },
          },
        });
      case 'UpdateContinuousBackups':
        table.recoveryDays = body.PointInTimeRecoverySpecification.RecoveryPeriodInDays;
        return ok();
      case 'ListTagsOfResource':
        return ok({ Tags: table.tags });
      case 'TagResource':
        table.tags.push(...body.Tags);
        // no body at all
        return { status: 200 };
      case 'GetResourcePolicy':
        return table.policy === undefined
          ? failure('com.amazonaws.dynamodb.v20120810#PolicyNotFoundException', `Resource-based policy not found for ${arnOf(name)}`)
          : ok({ Policy: table.policy });
      case 'PutResourcePolicy':
        table.policy = body.Policy;
        return ok();
      case 'UpdateTable': {
        const { BillingMode, DeletionProtectionEnabled, ProvisionedThroughput } = body;
        Object.assign(table.described, {
          ...(BillingMode && { BillingModeSummary: { BillingMode } }),
          ...(DeletionProtectionEnabled === undefined ? {} : { DeletionProtectionEnabled }),
          ...(ProvisionedThroughput && { ProvisionedThroughput }),
        });
        return ok();
      }
      case 'DeleteTable':
        this.tables.delete(name);
        return ok();
      case 'Scan':
        return ok({ Items: table.items.map(([path, key]) => ({ Path: { S: path }, Key: { S: key } })) });
      case 'BatchWriteItem': {
        const gone = body.RequestItems[name].map(({ DeleteRequest: { Key } }: Manifest) => `${Key.Path.S}|${Key.Key.S}`);
        table.items = table.items.filter(item => !gone.includes(item.join('|')));
        return ok({ UnprocessedItems: {} });
      }
      default:
        return failure('UnknownOperationException', action);
    }
  }

  private restore(action: string, body: Manifest): Reply {
    const { TargetTableName: target, BackupArn: arn, SourceTableName: from } = body;
    if (this.tables.has(target))
      return failure('com.amazonaws.dynamodb.v20120810#TableAlreadyExistsException', `Table already exists: ${target}`);
    const items = action === 'RestoreTableFromBackup' ? this.tableBackups.get(arn)?.items : this.tables.get(from)?.items;
    if (items === undefined)
      return failure(
        `com.amazonaws.dynamodb.v20120810#${from === undefined ? 'BackupNotFoundException' : 'TableNotFoundException'}`,
        'not found',
      );
    this.ordered.push(body);
    this.makeRestored(target, items);
    return ok({ TableDescription: { TableStatus: 'CREATING' } });
  }

  /** A new table has none of what the other had. */
  private makeRestored(name: string, items: string[][]): void {
    const described = { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' }, DeletionProtectionEnabled: false };
    this.makeTable(name, { state: `CREATING ${this.restoreTakes}`, described, recoveryDays: undefined, items: [...items] });
  }

  private awsBackup({ method, path, body }: Asked): Reply {
    const notFound = (message: string): Reply => ({
      status: 400,
      body: { Code: 'x', Message: message },
      headers: { 'x-amzn-errortype': 'ResourceNotFoundException' },
    });
    if (path.startsWith('backup-vaults/') && !path.startsWith(`backup-vaults/${this.backupVault}/`))
      return notFound('Backup vault not found.');
    if (path.includes('/restore-metadata')) return ok({ RestoreMetadata: { originalTableName: 'vault-data' } });
    if (path.startsWith('backup-vaults/'))
      return ok({
        RecoveryPoints: [...this.points].map(([RecoveryPointArn, { at, state }]) => ({
          RecoveryPointArn,
          Status: state,
          CreationDate: at,
        })),
      });
    if (method === 'PUT') {
      this.ordered.push(body);
      if (this.restoreJobEnds['Status'] === 'COMPLETED') this.makeRestored(body.Metadata.targetTableName, []);
      return ok({ RestoreJobId: 'restore-0' });
    }
    return ok({ RestoreJobId: 'restore-0', ...this.restoreJobEnds });
  }

  private autoscaling(action: string, body: Manifest): Reply {
    const { targets, policies } = this.scaling;
    if (action === 'DescribeScalableTargets')
      return ok({ ScalableTargets: targets.filter(({ ResourceId }) => body.ResourceIds.includes(ResourceId)) });
    if (action === 'DescribeScalingPolicies')
      return ok({ ScalingPolicies: policies.filter(({ ResourceId }) => ResourceId === body.ResourceId) });
    (action === 'RegisterScalableTarget' ? targets : policies).push(body);
    return ok();
  }

  private cloudwatch(action: string, body: Manifest): Reply {
    if (action === 'DescribeAlarms') return ok({ MetricAlarms: this.alarms });
    this.alarms.push(body);
    return ok();
  }
}
