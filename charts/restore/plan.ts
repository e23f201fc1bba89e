/** Where backups of a table are, and how one is restored into a new table. */
export interface SourcePlan {
  readonly table: string;
  readonly tableArn: string;
  readonly region: string;
  /** The table whose recovery points are looked for: the same one, or one whose backups are copied here. */
  readonly backupsOf: string;
  /** AWS Backup's vault, and the role that AWS Backup takes on to restore from it; undefined where DynamoDB's own backups are all. */
  readonly awsBackup?: { readonly vault: string; readonly role: string };
}

/** What the restore Job is told at synth: `plan.json` beside its program. */
export interface RestorePlan {
  readonly source: SourcePlan;
  /** What the names of new tables begin with. */
  readonly prefix: string;
  /** How Terraform's module and CloudFormation's template name a table with that prefix, up to what follows it. */
  readonly documents: { readonly label: string; readonly logicalId: string };
  /** The StatefulSet of the servers, and their container. */
  readonly statefulSet: string;
}
