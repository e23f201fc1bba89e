const transform = {
  '\\.m?ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }],
};
const project = { transform, testEnvironment: 'node', rootDir: __dirname, moduleFileExtensions: ['ts', 'mts', 'js', 'mjs', 'json'] };

module.exports = {
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '<rootDir>/test/documents/',
        '<rootDir>/test/e2e/',
        '<rootDir>/test/scripts/',
        '<rootDir>/test/server-process/',
        '<rootDir>/test/contracts/',
      ],
    },
    { ...project, displayName: 'documents', testMatch: ['<rootDir>/test/documents/**/*.test.ts'] },
    { ...project, displayName: 'scripts', testMatch: ['<rootDir>/test/scripts/**/*.test.ts'] },
    // against real programs: VAULT_BIN, a cluster, a stand-in for AWS
    { ...project, displayName: 'server-process', testMatch: ['<rootDir>/test/server-process/**/*.test.ts'] },
    { ...project, displayName: 'contracts', testMatch: ['<rootDir>/test/contracts/**/*.test.ts'] },
    { ...project, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
