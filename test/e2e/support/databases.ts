import type { TestCa } from './certificates';
import { get, isReady, kubectl } from './cluster';
import { eventually, type Result } from './shell';

/** The password of the owners of these databases; tests tell Vault of it through secrets alone. */
export const ownerPassword = 'owner-of-a-test';

interface Engine {
  readonly image: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** How the image's own start is told to allow many connections. */
  readonly start: string;
  /** Runs the SQL of its standard input as the owner. */
  readonly client: readonly string[];
}

const engines = {
  postgresql: {
    image: 'postgres:15',
    port: 5432,
    env: { POSTGRES_PASSWORD: ownerPassword, PGSSLCERT: '/tls/tls.crt', PGSSLKEY: '/tls/tls.key' },
    start: "sed 's/^exec postgres/& -c max_connections=400/' /usr/local/bin/docker-entrypoint.sh | exec bash",
    client: ['sh', '-c', 'PGPASSWORD=$POSTGRES_PASSWORD exec psql -h /tmp -U postgres -v ON_ERROR_STOP=1 -qAt "$@"', 'sh'],
  },
  mysql: {
    image: 'mariadb:10.11',
    port: 3306,
    env: { MARIADB_ROOT_PASSWORD: ownerPassword, SSL_CERT: '/tls/tls.crt', SSL_KEY: '/tls/tls.key' },
    // a statement a line, as MariaDB reads its first file; addresses are not resolved, so that users from anywhere are nobody else at home
    start:
      "sed -e 's/^exec mariadbd --no-defaults/& --max-connections=400 --skip-name-resolve/' -e 's/; CREATE USER/;\\\\nCREATE USER/' -e 's/; GRANT/;\\\\nGRANT/' /usr/local/bin/docker-entrypoint.sh | exec bash",
    client: ['sh', '-c', 'MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb --no-defaults --socket=/tmp/mysqld.sock -uroot -N "$@"', 'sh'],
  },
} satisfies Readonly<Record<string, Engine>>;

/** A database server with a certificate, in a namespace of its own. */
export class DatabaseServer {
  readonly host: string;
  private readonly engine: Engine;

  constructor(
    private readonly namespace: string,
    readonly plugin: keyof typeof engines,
  ) {
    this.host = `${plugin}.${namespace}.svc`;
    this.engine = engines[plugin];
  }

  async create(ca: TestCa): Promise<void> {
    const { plugin: name, namespace, engine } = this;
    await kubectl(['apply', '-f', '-'], { input: await ca.secret(`${name}-tls`, namespace, [this.host]) });
    const labels = { app: 'database', engine: name };
    const container = {
      name: 'database',
      image: engine.image,
      imagePullPolicy: 'IfNotPresent',
      command: ['bash', '-c', engine.start],
      env: Object.entries(engine.env).map(([variable, value]) => ({ name: variable, value })),
      volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
      readinessProbe: { tcpSocket: { port: engine.port }, periodSeconds: 1 },
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels },
      spec: {
        containers: [container],
        enableServiceLinks: false,
        securityContext: { fsGroup: 10001 },
        terminationGracePeriodSeconds: 0,
        volumes: [{ name: 'tls', secret: { secretName: `${name}-tls`, defaultMode: 0o440 } }],
      },
    };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ port: engine.port }] },
    };
    for (const manifest of [pod, service]) await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
    await eventually(`${name} to run`, 120, async () => {
      if (!isReady(await get('pod', '-n', namespace, name))) throw new Error('not ready');
    });
  }

  /** Runs SQL as the owner, in a database if one is named, and returns what it printed. */
  async sql(text: string, database?: string): Promise<string> {
    const args = [
      'exec',
      '-i',
      '-n',
      this.namespace,
      this.plugin,
      '--',
      ...this.engine.client,
      ...(database === undefined ? [] : [database]),
    ];
    return (await kubectl(args, { input: text })).stdout.trim();
  }

  /** Runs SQL over TLS as a user whom Vault made; what came of it, whatever it was. The password goes over the environment of the client. */
  as(user: { readonly username: string; readonly password: string }, database: string, text: string): Promise<Result> {
    const script =
      this.plugin === 'postgresql'
        ? 'read -r PGPASSWORD; export PGPASSWORD; exec psql "host=localhost sslmode=require user=$1 dbname=$2" -v ON_ERROR_STOP=1 -qAt'
        : 'read -r MYSQL_PWD; export MYSQL_PWD; exec mariadb --no-defaults --protocol=tcp -h 127.0.0.1 --ssl -u "$1" -N "$2"';
    const args = ['exec', '-i', '-n', this.namespace, this.plugin, '--', 'bash', '-c', script, 'bash', user.username, database];
    return kubectl(args, { input: `${user.password}\n${text}\n`, accept: [0, 1, 2, 3] });
  }
}
