import { anything, object, optional, parse, record, string } from '../../app/jobs/runtime/shape.mts';
import type { ConnectOperation } from '../plan.ts';
import { hashOf } from './hash.mts';
import type { Secrets } from './secrets.mts';
import { Refused, type Session } from './session.mts';
import type { State } from './state.mts';
import type { Writer } from './writes.mts';

const configShape = object({ data: record(anything) });
const detailsShape = object({ data: object({ plugin_name: string, connection_details: object({ username: optional(string) }) }) });
const credentials = object({ data: object({ password: string }) });

export interface ConnectorSurroundings {
  readonly session: Session;
  readonly state: State;
  readonly secrets: Secrets;
  readonly readFile: (path: string) => string;
  readonly writer: Writer;
  readonly write: boolean;
}

/**
 * Connections of the database engine. Vault has a user of its own in each database, whose password Vault made and nobody else knows: once it is rotated, no run
 * writes it again. The owner's credentials serve for making that user alone, through a connection that goes again.
 */
export class Connector {
  readonly #with: ConnectorSurroundings;

  constructor(surroundings: ConnectorSurroundings) {
    this.#with = surroundings;
  }

  async run(operation: ConnectOperation): Promise<void> {
    const { session, state, writer, write } = this.#with;
    const { mount, name } = operation;
    const path = `${mount}/config/${name}`;
    const { username, ...body } = { ...operation.body, ...this.#ca(operation) };
    const found = await session.read(path);
    if (found !== undefined) assertOwn(path, found, operation);
    const granted = state.entry('connection', path)?.grants;
    const grants = hashOf(operation.grants);
    await writer.bring('connection', path, hashOf({ ...body, username, grants }), {
      hashOfRead: text => hashOf(parse(text, configShape, path).data),
      unfinished: granted !== grants,
      write: async () => {
        // a user whose password is Vault's alone keeps it
        if (found !== undefined) await session.write(path, body);
        else await session.write(path, { ...body, username, password: await this.#asOwner(operation, operation.createUser) });
      },
    });
    if (!write || granted === grants) return;
    // a run that was killed may have come as far as this
    if (found !== undefined) await this.#asOwner(operation, operation.grants);
    await this.#removeMaster(operation);
    await session.write(`${mount}/rotate-root/${name}`, {});
    state.set('connection', path, { ...state.entry('connection', path), grants });
  }

  /** Lets Vault run statements as the database's owner, and returns the password that Vault made for them. */
  async #asOwner(operation: ConnectOperation, statements: readonly string[]): Promise<string> {
    const { session, secrets } = this.#with;
    const { mount, name, master } = operation;
    const { username: _, ...body } = { ...operation.body, ...this.#ca(operation) };
    const temporary = masterName(name);
    await session.write(`${mount}/config/${temporary}`, {
      ...body,
      username: await secrets.value({ ...master, key: 'username' }),
      password: await secrets.value({ ...master, key: 'password' }),
      allowed_roles: [temporary],
    });
    await session.write(`${mount}/roles/${temporary}`, {
      db_name: temporary,
      creation_statements: statements,
      // the user stays
      revocation_statements: ['SELECT 1'],
      default_ttl: '5m',
      max_ttl: '5m',
    });
    const text = await session.read(`${mount}/creds/${temporary}`);
    if (text === undefined) throw new Refused(`${mount}/creds/${temporary} answered nothing`);
    return parse(text, credentials, `the answer to GET ${mount}/creds/${temporary}`).data.password;
  }

  #ca({ ca }: ConnectOperation): { readonly tls_ca?: string } {
    return ca === undefined ? {} : { tls_ca: this.#with.readFile(ca) };
  }

  async #removeMaster({ mount, name }: ConnectOperation): Promise<void> {
    const { session } = this.#with;
    const temporary = masterName(name);
    // without its connection a lease could never be revoked
    await session.write(`sys/leases/revoke-prefix/${mount}/creds/${temporary}`, { sync: true });
    await session.delete(`${mount}/roles/${temporary}`);
    await session.delete(`${mount}/config/${temporary}`);
  }
}

/** No role of a user may be called so: synth refuses it. */
const masterName = (name: string): string => `master-${name}`;

function assertOwn(path: string, text: string, { body }: ConnectOperation): void {
  const { plugin_name, connection_details } = parse(text, detailsShape, path).data;
  if (plugin_name !== body.plugin_name) throw new Refused(`it is of ${plugin_name}, not ${body.plugin_name}`);
  if (connection_details.username !== body.username)
    throw new Refused(
      `its user is ${connection_details.username ?? 'unknown'}, not ${body.username}: nothing was written. Delete ${path} to have Vault make ${body.username}`,
    );
}
