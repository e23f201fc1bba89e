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

// by folders alone, with nothing of the path before them: that may hold any character, and would be read as a pattern
const tests = folders => ({ testRegex: `/test/${folders}[^/]+\\.test\\.ts$` });

module.exports = {
  projects: [
    { ...project, displayName: 'unit', ...tests('((app|aws|dist|init|server)/(.+/)?)?') },
    { ...project, displayName: 'documents', ...tests('documents/') },
    { ...project, displayName: 'scripts', ...tests('scripts/') },
    // against real programs: VAULT_BIN, a cluster, a stand-in for AWS
    { ...project, displayName: 'server-process', ...tests('server-process/') },
    { ...project, displayName: 'contracts', ...tests('contracts/') },
    { ...project, displayName: 'e2e', ...tests('e2e/') },
  ],
};
