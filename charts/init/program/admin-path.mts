import { anything, object, record } from '../../app/jobs/runtime/shape.mts';
import type { Vault } from '../../app/jobs/runtime/vault.mts';
import type { VaultWrite } from '../../app/jobs/vault-write.ts';

const listing = object({ data: record(anything) });

/** Writes an audit device, policies and ways in with the root token. Every write may be done twice. */
export async function establish(vault: Vault, writes: readonly VaultWrite[], namespace: string, token: string): Promise<void> {
  for (const { path, unless, body } of writes) {
    if (unless !== undefined && unless.has in (await vault.read(unless.list, token, listing)).data) continue;
    await vault.write(path, JSON.parse(JSON.stringify(body).replaceAll('$NAMESPACE', namespace)), token);
  }
}
