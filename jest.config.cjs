const transform = {
  '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }],
};
const project = { transform, testEnvironment: 'node', rootDir: __dirname, moduleFileExtensions: ['ts', 'js', 'json'] };

module.exports = {
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/documents/', '<rootDir>/test/e2e/', '<rootDir>/test/scripts/'],
    },
    { ...project, displayName: 'documents', testMatch: ['<rootDir>/test/documents/**/*.test.ts'] },
    { ...project, displayName: 'scripts', testMatch: ['<rootDir>/test/scripts/**/*.test.ts'] },
    { ...project, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
