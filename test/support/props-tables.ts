import { type Declaration, declarations, type Member, namedByUsers, undocumentedMembers } from './declarations';

/** Groups of props that have a section: all that a user's code may name, less the kinds of API objects. */
const groups: readonly Declaration[] = [...namedByUsers()]
  .flatMap(name => declarations.get(name) ?? [])
  .filter(({ members, alias }) => members.length > 0 || alias !== '')
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const isProps = ({ name, members, alias }: Declaration): boolean =>
  alias !== '' || (members.length > 0 && members.some(({ defaultValue }) => defaultValue !== undefined)) || name.endsWith('Props');

/** Pipes would end a cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const names = new Set(groups.map(({ name }) => name));
// the names of groups alone, and the text between them
const pieces = new RegExp(`\\b(${[...names].join('|')})\\b`);

/** A type as Markdown: names of groups lead to their sections, the rest is code. */
function typeCell(type: string): string {
  return type
    .split(pieces)
    .map(piece => piece.trim())
    .filter(piece => piece !== '')
    .map(piece => (names.has(piece) ? `[${piece}](#${piece.toLowerCase()})` : `\`${piece.replaceAll('|', '\\|')}\``))
    .join(' ');
}

const table = (props: readonly Member[]): string =>
  [
    '| Prop | Type | Default | What it does |',
    '| --- | --- | --- | --- |',
    ...props.map(
      ({ name, type, optional, description, defaultValue }) =>
        `| \`${name}\` | ${typeCell(type)} | ${optional ? cell(defaultValue ?? '') : '**required**'} | ${cell(description)} |`,
    ),
  ].join('\n');

function section(group: Declaration): string {
  const { name, description, alias, bases, members } = group;
  const parts = [
    `## ${name}`,
    cell(description),
    alias === '' ? '' : `Type: ${typeCell(alias)}`,
    bases.length === 0 ? '' : `Also the props of ${bases.map(base => typeCell(base)).join(', ')}.`,
    members.length === 0 ? '' : table(members),
  ];
  return `${parts.filter(part => part !== '').join('\n\n')}\n`;
}

/** docs/props.md: every chart's props and every group of them. */
export function propsPage(): string {
  const sections = groups.filter(isProps).map(section);
  return `# Props\n\nMade from the TSDoc in \`charts/\` by \`UPDATE_DOCS=1 npx jest --selectProjects unit test/docs.test.ts\`.\n\n${sections.join('\n')}`;
}

/** What a reader would find no words on: types and members without a description, optional props without a default. */
export function undocumented(): string[] {
  const members = groups.flatMap(group => {
    const wrong = group.members.filter(
      ({ optional, description, defaultValue }) => description === '' || (isProps(group) && optional !== (defaultValue !== undefined)),
    );
    return [...(group.description === '' ? [group.name] : []), ...wrong.map(({ name }) => `${group.name}.${name}`)];
  });
  return [...members, ...[...namedByUsers()].flatMap(undocumentedMembers)];
}
