/** A value as HCL writes it. */
export type HclValue = string | number | boolean | readonly HclValue[] | { readonly [key: string]: HclValue };

/** A block such as `listener "tcp" { ... }`. */
export interface HclBlock {
  readonly type: string;
  readonly labels?: readonly string[];
  readonly body: HclBody;
}

export interface HclBody {
  readonly attributes: Readonly<Record<string, HclValue>>;
  readonly blocks?: readonly HclBlock[];
}

/** The text of a configuration file: attributes first, then blocks, in the order given. */
export function renderHcl(body: HclBody, indent = ''): string {
  const attributes = Object.entries(body.attributes).map(([key, value]) => `${indent}${key} = ${renderValue(value, indent)}\n`);
  const blocks = (body.blocks ?? []).map(block => renderBlock(block, indent));
  return [attributes.join(''), ...blocks].filter(part => part !== '').join('\n');
}

function renderBlock(block: HclBlock, indent: string): string {
  const head = [block.type, ...(block.labels ?? []).map(quote)].join(' ');
  const body = renderHcl(block.body, `${indent}  `);
  return body === '' ? `${indent}${head} {}\n` : `${indent}${head} {\n${body}${indent}}\n`;
}

function renderValue(value: HclValue, indent: string): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(item => renderValue(item, indent)).join(', ')}]`;
  const entries = Object.entries(value).map(([key, item]) => `${indent}  ${quote(key)} = ${renderValue(item, `${indent}  `)}\n`);
  return `{\n${entries.join('')}${indent}}`;
}

const isList = (value: HclValue): value is readonly HclValue[] => Array.isArray(value);

/** Nothing in a string may end it or open an interpolation: JSON's escapes are HCL's too, and "${" is written by code point. */
function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/\$(?=\{)/g, '\\u0024')
    .replace(/%(?=\{)/g, '\\u0025');
}

/** Props in camel case as HCL attributes in snake case, in the order of `keys`; what is undefined is left out. */
export function attributesOf<Props extends object>(props: Props | undefined, keys: object): Record<string, HclValue> {
  const values = (props ?? {}) as Readonly<Record<string, HclValue | undefined>>;
  return Object.fromEntries(Object.keys(keys).flatMap(key => (values[key] === undefined ? [] : [[snakeCase(key), values[key]]])));
}

export const snakeCase = (camelCase: string): string => camelCase.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
