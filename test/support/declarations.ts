import { join } from 'node:path';
import { type Module, parseSync, type TsType } from '@swc/core';
import { filesOf } from './files';

/** A member of an interface, as its TSDoc and its type tell of it. */
export interface Member {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly description: string;
  readonly defaultValue: string | undefined;
}

/** An interface or a type alias of charts/. */
export interface Declaration {
  readonly name: string;
  readonly file: string;
  readonly description: string;
  /** The text of an alias; empty for an interface. */
  readonly alias: string;
  readonly bases: readonly string[];
  readonly members: readonly Member[];
  /** The names of all types that it mentions. */
  readonly mentions: ReadonlySet<string>;
}

/** A TSDoc comment without its stars, as one line. */
const words = (comment: string): string =>
  comment
    .replace(/^\s*\/?\*+\/?/gm, ' ')
    .replace(/\*\/\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim();

/** A syntax tree as plain data. */
interface Node {
  readonly type?: string;
  readonly span?: { readonly start: number; readonly end: number };
  // biome-ignore lint/suspicious/noExplicitAny: the kinds of nodes are told apart by their type
  readonly [key: string]: any;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Every identifier that stands for a type, or for a value's own type, below a node. */
function typeNames(node: unknown, skip: (node: Node) => boolean = () => false): string[] {
  if (Array.isArray(node)) return node.flatMap(item => typeNames(item, skip));
  if (!isNode(node) || skip(node)) return [];
  if (node.type === 'TsTypeReference' && node['typeName'].type === 'Identifier')
    return [node['typeName'].value, ...typeNames(node['typeParams'], skip)];
  if (node.type === 'TsExpressionWithTypeArguments') return [node['expression'].value, ...typeNames(node['typeArguments'], skip)];
  return Object.values(node).flatMap(value => typeNames(value, skip));
}

/** A file of TypeScript, its syntax tree, and what stands in it at a span. */
class Source {
  readonly module: Module;
  private readonly bytes: Buffer;
  private readonly offset: number;

  constructor(
    readonly path: string,
    text: string,
  ) {
    // the parser counts bytes over all files of a process: the last token, which is ours, ends where the file does
    this.bytes = Buffer.from(`${text}\n;`);
    this.module = parseSync(this.bytes.toString(), { syntax: 'typescript', target: 'es2022' });
    this.offset = this.module.span.end - this.bytes.length;
  }

  text({ span }: Node): string {
    const { start = 0, end = 0 } = span ?? {};
    return this.bytes
      .subarray(start - this.offset, end - this.offset)
      .toString()
      .replace(/\s+/g, ' ');
  }

  /** The TSDoc comment that ends right before a node. */
  comment({ span }: Node): string {
    const before = this.bytes.subarray(0, (span?.start ?? 0) - this.offset).toString();
    const end = before.trimEnd();
    return end.endsWith('*/') && end.lastIndexOf('/**') > end.lastIndexOf('*/', end.length - 3)
      ? words(end.slice(end.lastIndexOf('/**')))
      : '';
  }
}

const charts = join(__dirname, '..', '..', 'charts');
const sources = [...filesOf(charts)].filter(([path]) => path.endsWith('.ts')).map(([path, text]) => new Source(path, text));

const isMember = ({ type = '' }: Node): boolean =>
  ['TsPropertySignature', 'TsMethodSignature', 'ClassMethod', 'ClassProperty'].includes(type);

/** What a chart asks its parts, and what is marked: no user's code calls it. */
const isInternal = (source: Source, node: Node): boolean =>
  node.span !== undefined && (node['key']?.value === 'validate' || / @internal\b/.test(` ${source.comment(node)}`));

const exported = (source: Source): readonly Node[] =>
  source.module.body.filter(item => item.type === 'ExportDeclaration').map(item => item as Node);

function member(source: Source, node: Node): Member {
  const [description = '', defaultValue] = source.comment(node).split(' @default ');
  const type = source.text(node['typeAnnotation'].typeAnnotation as TsType);
  return { name: node['key'].value, optional: node['optional'], type, description, defaultValue };
}

function declaration(source: Source, item: Node): Declaration | undefined {
  const node: Node = item['declaration'];
  const mentions = new Set(typeNames(node, inner => isMember(inner) && isInternal(source, inner)));
  const common = { file: source.path, description: source.comment(item), mentions };
  if (node.type === 'TsTypeAliasDeclaration')
    return { ...common, name: node['id'].value, alias: source.text(node['typeAnnotation']), bases: [], members: [] };
  if (node.type !== 'TsInterfaceDeclaration') return undefined;
  const properties: readonly Node[] = node['body'].body.filter((property: Node) => property.type === 'TsPropertySignature');
  const members = properties.map(property => member(source, property));
  return {
    ...common,
    name: node['id'].value,
    alias: '',
    // those of charts/: the types of Kubernetes are k8s.X
    bases: node['extends'].flatMap(({ expression }: Node) => expression['value'] ?? []),
    // what is `never` only keeps two kinds of props apart
    members: members.filter(({ type }) => type !== 'never'),
  };
}

/** The exported interfaces and type aliases of charts/, by their names. */
export const declarations: ReadonlyMap<string, Declaration> = new Map(
  sources.flatMap(source =>
    exported(source).flatMap(item => {
      const found = declaration(source, item);
      return found === undefined ? [] : [[found.name, found] as const];
    }),
  ),
);

const isHidden = (node: Node): boolean => ['private', 'protected'].includes(node['accessibility']) || 'stmts' in node;

/** The types in the public members of the exported classes and constants, by their names; a class that users make has its constructor too. */
function membersOf(name: string, isMade: boolean): string[] {
  for (const source of sources)
    for (const { declaration: node } of exported(source)) {
      const hidden = (inner: Node) =>
        isHidden(inner) || (!isMade && inner.type === 'Constructor') || (isMember(inner) && isInternal(source, inner));
      if (node.type === 'ClassDeclaration' && node.identifier.value === name) return typeNames(node.body, hidden);
      const constant = (node.declarations ?? []).find(({ id }: Node) => id['value'] === name);
      if (constant !== undefined) return typeNames(constant, hidden);
    }
  return [];
}

/** The public members of a class without a word on what they are. */
export function undocumentedMembers(name: string): string[] {
  for (const source of sources)
    for (const { declaration: node } of exported(source)) {
      if (node.type !== 'ClassDeclaration' || node.identifier.value !== name) continue;
      const members: readonly Node[] = node.body;
      // an override is documented where it is declared
      const named = members.filter(item => isMember(item) && !isHidden(item) && !isInternal(source, item) && !item['isOverride']);
      return named.filter(item => source.comment(item) === '').map(item => `${name}.${item['key'].value}`);
    }
  return [];
}

/** What charts/index.ts exports: names, and whether they are values. */
export const publicNames: ReadonlyMap<string, boolean> = new Map(
  sources
    .filter(({ path }) => path === 'index.ts')
    .flatMap(({ module }) => module.body as readonly Node[])
    .filter(item => item.type === 'ExportNamedDeclaration')
    .flatMap(({ specifiers, typeOnly }) =>
      specifiers.map((item: Node) => [(item['exported'] ?? item['orig']).value, !typeOnly && !item['isTypeOnly']] as const),
    ),
);

const isClass = (name: string): boolean =>
  sources.some(source =>
    exported(source).some(({ declaration: node }) => node.type === 'ClassDeclaration' && node.identifier.value === name),
  );

/** Every type of charts/ that a user's code may have to name: what is public, and what its members and props mention. */
export function namedByUsers(): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string, isMade: boolean): void => {
    if (found.has(name) || !(declarations.has(name) || isClass(name) || publicNames.has(name))) return;
    found.add(name);
    for (const other of [...(declarations.get(name)?.mentions ?? []), ...membersOf(name, isMade)]) visit(other, false);
  };
  for (const [name, isValue] of publicNames) visit(name, isValue);
  return found;
}
