/** A secret of AWS Secrets Manager. */
export interface SecretsManagerSource {
  /** Its name, or its ARN, such as "rds!cluster-1b2c3d4e". */
  readonly secretsManager: string;
  /**
   * The id or ARN of the KMS key that encrypts it.
   * @default AWS's own key for Secrets Manager
   */
  readonly kmsKey?: string;
  readonly ssm?: never;
  readonly kubernetesSecret?: never;
}

/** A parameter of AWS Systems Manager's Parameter Store. */
export interface SsmSource {
  /** Its name, such as "/databases/orders/master". */
  readonly ssm: string;
  /**
   * The id or ARN of the KMS key that encrypts it.
   * @default AWS's own key for Systems Manager
   */
  readonly kmsKey?: string;
  readonly secretsManager?: never;
  readonly kubernetesSecret?: never;
}

/** A Secret in the Job's namespace. */
export interface KubernetesSecretSource {
  /** Its name. */
  readonly kubernetesSecret: string;
  readonly secretsManager?: never;
  readonly ssm?: never;
  readonly kmsKey?: never;
}

/** Where the Job reads a secret at run time: its value stands in no YAML, log, argument or state. */
export type SecretSource = SecretsManagerSource | SsmSource | KubernetesSecretSource;

/** One value of a secret. */
export type SecretField = SecretSource & {
  /**
   * The key whose value it is: of a Kubernetes Secret, or of the JSON object that the secret's text is.
   * @default the whole text; a Kubernetes Secret needs a key
   */
  readonly key?: string;
};
