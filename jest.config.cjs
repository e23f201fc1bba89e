const transform = {
  '\\.m?ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }],
};
const project = {
  transform,
  testEnvironment: 'node',
  rootDir: __dirname,
  roots: ['<rootDir>/test'],
  moduleFileExtensions: ['ts', 'mts', 'js', 'mjs', 'json'],
};

// the path of this folder may hold any character, and a pattern takes it as it is
const here = __dirname.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
const tests = folders => ({ testRegex: `^${here}/test/${folders}.+\\.test\\.ts$` });

// the package, AWS's documents and scripts that run as processes; then against real programs: VAULT_BIN, a cluster, a stand-in for AWS
const others = ['package', 'documents', 'scripts', 'server-process', 'contracts', 'e2e'];

module.exports = {
  projects: [
    { ...project, displayName: 'unit', setupFiles: ['<rootDir>/test/support/yaml-once.ts'], ...tests(`(?!(${others.join('|')})/)`) },
    ...others.map(folder => ({ ...project, displayName: folder, ...tests(`${folder}/`) })),
  ],
};
