import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const charts = join(__dirname, '..', '..', 'charts');

interface Prop {
  readonly name: string;
  readonly optional: boolean;
  readonly description: string;
  readonly defaultValue: string | undefined;
}

/** A TSDoc comment without its stars, as one line. */
const words = (comment: string) =>
  comment
    .replace(/^\s*\/?\*+\/?/gm, ' ')
    .replace(/\*\/\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim();

/** The interfaces named ...Props, ...Timings, ...Amounts, ...Peer, ...User and AwsEnvironment of charts/, with their documented members. */
function interfaces(): Map<string, { readonly description: string; readonly props: readonly Prop[] }> {
  const found = new Map<string, { description: string; props: Prop[] }>();
  const files = [
    'app/aws.ts',
    'app/jobs/outbound.ts',
    'app/resources.ts',
    'app/security.ts',
    ...['server', 'init', 'aws'].flatMap(folder =>
      readdirSync(join(charts, folder))
        .filter(name => name.endsWith('.ts'))
        .map(name => `${folder}/${name}`),
    ),
  ];
  for (const file of files) {
    const source = readFileSync(join(charts, file), 'utf8');
    for (const [, comment = '', name = '', body = ''] of source.matchAll(
      /(?:(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n)?export interface (\w+)(?: extends \w+)? \{\n([\s\S]*?)\n\}\n/g,
    )) {
      // the comment is optional here, so that a prop without one is seen; what is `never` only keeps two kinds of props apart
      const props = [...body.matchAll(/^(?: {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n)? {2}readonly '?(\w+)'?(\?)?: (?!never;)/gm)].map(
        ([, doc = '', prop = '', optional]) => {
          const [description = '', defaultValue] = words(doc).split(' @default ');
          return { name: prop, optional: optional !== undefined, description, defaultValue };
        },
      );
      if (/(Props|Timings|Amounts|Peer|User|AwsEnvironment)$/.test(name)) found.set(name, { description: words(comment), props });
    }
  }
  return found;
}

/** Pipes would end a cell, and stars or underscores be read as emphasis. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const table = (props: readonly Prop[]) =>
  [
    '| Prop | Default | What it does |',
    '| --- | --- | --- |',
    ...props.map(
      ({ name, optional, description, defaultValue }) =>
        `| \`${name}\` | ${optional ? cell(defaultValue ?? '') : '**required**'} | ${cell(description)} |`,
    ),
  ].join('\n');

/** The table of the README: the props of VaultServer. */
export const serverTable = (): string => table(interfaces().get('VaultServerProps')?.props ?? []);

/** docs/props.md: every group of props. */
export function propsPage(): string {
  const groups = [...interfaces()]
    .filter(([name, { props }]) => name !== 'VaultServerProps' && props.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = groups.map(([name, { description, props }]) => `## ${name}\n\n${cell(description)}\n\n${table(props)}\n`);
  return `# Groups of props\n\nMade from the TSDoc in \`charts/\` by \`UPDATE_DOCS=1 npx jest --selectProjects unit test/docs.test.ts\`.\n\n${sections.join('\n')}`;
}

/** Props that a reader would find no words on: undocumented, or optional without a default. */
export function undocumented(): string[] {
  return [...interfaces()].flatMap(([name, group]) => [
    ...(group.description === '' && group.props.length > 0 ? [name] : []),
    ...group.props
      .filter(({ optional, description, defaultValue }) => description === '' || optional !== (defaultValue !== undefined))
      .map(prop => `${name}.${prop.name}`),
  ]);
}
