import type { Construct } from 'constructs';
import {
  AwsResources,
  KustomizeApp,
  SynthError,
  VaultConfiguration,
  VaultInit,
  VaultLockWatch,
  VaultRestore,
  VaultRestoreDrill,
  VaultRollout,
  VaultServer,
  type VaultServerProps,
} from '../../charts';
import { everyAwsProp } from '../aws/all-props';
import { everyConfigurationProp } from '../configuration/all-props';
import { everyInitProp } from '../init/all-props';
import { everyLockWatchProp } from '../lock-watch/all-props';
import { everyRestoreProp } from '../restore/all-props';
import { everyDrillProp } from '../restore/drill/all-props';
import { everyRolloutProp } from '../rollout/all-props';
import { allProps } from '../server/all-props';
import { minimal } from './render';

/** The props of a server and of the charts beside it. */
export interface EveryChart {
  readonly vault: object;
  readonly init?: object;
  readonly configuration?: object;
  readonly rollout?: object;
  readonly lockWatch?: object;
  readonly restore?: object;
  readonly drill?: object;
  readonly aws?: object;
}

/** Each takes props of its own. */
type ChartClass = new (scope: Construct, id: string, props: never) => Construct;

/** The charts that are tested with all their props, and with random ones. */
export const chartClasses: Readonly<Record<keyof EveryChart, ChartClass>> = {
  vault: VaultServer,
  init: VaultInit,
  configuration: VaultConfiguration,
  rollout: VaultRollout,
  lockWatch: VaultLockWatch,
  restore: VaultRestore,
  drill: VaultRestoreDrill,
  aws: AwsResources,
};

/** All props that there are. */
export const everyChart = {
  // in the region of the others, with a table and a key that AwsResources can make
  vault: {
    ...allProps,
    aws: { ...allProps.aws, region: 'eu-west-1' },
    storage: { ...allProps.storage, table: 'vault-data', region: 'eu-west-1' },
    seal: { kmsKeyId: 'alias/vault-unseal', region: 'eu-west-1', endpoint: allProps.seal.endpoint },
  },
  init: everyInitProp,
  configuration: everyConfigurationProp,
  rollout: everyRolloutProp,
  lockWatch: everyLockWatchProp,
  restore: everyRestoreProp,
  drill: everyDrillProp,
  aws: everyAwsProp,
} satisfies EveryChart;

/** The charts that a prop of one of them changes: its own, beside a server that lets it. What stands on a server changes little with it. */
export const concerned = (chart: string | undefined): EveryChart =>
  chart === 'vault'
    ? { vault: everyChart.vault }
    : { vault: { ...minimal, network: everyChart.vault.network }, [chart ?? '']: everyChart[chart as Exclude<keyof EveryChart, 'vault'>] };

/** An app with these charts, each named by its key. The types are held where the props are written; here they are altered. */
export function renderEvery({ vault: server, ...others }: EveryChart): ReadonlyMap<string, string> {
  const app = new KustomizeApp();
  const vault = new VaultServer(app, 'vault', server as VaultServerProps);
  for (const [name, props] of Object.entries(others)) {
    const chart = chartClasses[name as keyof EveryChart];
    new chart(app, name, (name === 'aws' ? props : { ...props, vault }) as never);
  }
  return app.render();
}

/** What a synth of them makes, or the problems that it reports. */
export function outcome(charts: EveryChart): ReadonlyMap<string, string> | readonly string[] {
  try {
    return renderEvery(charts);
  } catch (error) {
    if (!(error instanceof SynthError)) throw error;
    return error.message.split('\n').slice(1);
  }
}
