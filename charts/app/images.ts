import { type Check, matching } from './checks';

/** The image in which lock-memory.sh runs: bash and setcap. Starts as root, so every container names its user. */
export const toolsImage = 'amazon/aws-cli:2.35.9';

/** The image in which the programs of Jobs run: Node.js 24, which runs TypeScript as it is, on Debian. */
export const nodeImage = 'node:24.21.0-slim';

const reference = matching(
  /^([a-zA-Z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._/-][a-z0-9]+)*(:\w[\w.-]{0,127}(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$/,
  'image references with a tag that stays where it is, or with a digest',
  `write for example "${nodeImage}"`,
);

/** A whole image reference that names one image for good. */
export const imageReference: Check<string> = { ...reference, ok: value => reference.ok(value) && !/:(latest|v?\d+(\.\d+)?)$/.test(value) };
