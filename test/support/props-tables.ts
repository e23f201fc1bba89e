import { type Declaration, declarations, type Member, namedByUsers } from './declarations';

/** Groups of props that have a section: all that a user's code may name, less the kinds of API objects. */
const groups = (): readonly Declaration[] =>
  [...namedByUsers()]
    .flatMap(name => declarations.get(name) ?? [])
    .filter(({ members, alias }) => members.length > 0 || alias !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const isProps = ({ name, members, alias }: Declaration): boolean =>
  alias !== '' || (members.length > 0 && members.some(({ defaultValue }) => defaultValue !== undefined)) || name.endsWith('Props');

/** Pipes would end a cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** A type as Markdown: names of groups lead to their sections, the rest is code. */
function typeCell(type: string, page: string): string {
  const names = new Set(groups().map(({ name }) => name));
  const pieces = type.split(/\b(\w+)\b/).reduce<string[]>((done, piece, index) => {
    if (index % 2 === 1 && names.has(piece)) return [...done, `[${piece}](${page}#${piece.toLowerCase()})`, ''];
    return [...done.slice(0, -1), `${done.at(-1) ?? ''}${piece}`];
  }, []);
  return pieces
    .map(piece =>
      piece.startsWith('[') && piece.includes('](') ? piece : piece.trim() === '' ? '' : `\`${piece.trim().replaceAll('|', '\\|')}\``,
    )
    .filter(piece => piece !== '')
    .join(' ');
}

const table = (props: readonly Member[], page = ''): string =>
  [
    '| Prop | Type | Default | What it does |',
    '| --- | --- | --- | --- |',
    ...props.map(
      ({ name, type, optional, description, defaultValue }) =>
        `| \`${name}\` | ${typeCell(type, page)} | ${optional ? cell(defaultValue ?? '') : '**required**'} | ${cell(description)} |`,
    ),
  ].join('\n');

function section(group: Declaration): string {
  const { name, description, alias, bases, members } = group;
  const parts = [
    `## ${name}`,
    cell(description),
    alias === '' ? '' : `Type: ${typeCell(alias, '')}`,
    bases.length === 0 ? '' : `Also the props of ${bases.map(base => typeCell(base, '')).join(', ')}.`,
    members.length === 0 ? '' : table(members),
  ];
  return `${parts.filter(part => part !== '').join('\n\n')}\n`;
}

/** docs/props.md: every chart's props and every group of them. */
export function propsPage(): string {
  const sections = groups().filter(isProps).map(section);
  return `# Props\n\nMade from the TSDoc in \`charts/\` by \`UPDATE_DOCS=1 npx jest --selectProjects unit test/docs.test.ts\`.\n\n${sections.join('\n')}`;
}

/** Props that a reader would find no words on: undocumented, or optional without a default. */
export function undocumented(): string[] {
  return groups()
    .filter(isProps)
    .flatMap(({ name, description, members }) => [
      ...(description === '' ? [name] : []),
      ...members
        .filter(({ optional, description: text, defaultValue }) => text === '' || optional !== (defaultValue !== undefined))
        .map(prop => `${name}.${prop.name}`),
    ]);
}
