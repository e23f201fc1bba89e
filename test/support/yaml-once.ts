import { jest } from '@jest/globals';

// Thousands of dists differ in one object: the text of the others is made once. The function depends on the JSON of its argument alone.
jest.mock('../../charts/app/kustomize/yaml', () => {
  const { toYaml } = jest.requireActual<typeof import('../../charts/app/kustomize/yaml')>('../../charts/app/kustomize/yaml');
  const texts = new Map<string, string>();
  return {
    toYaml: (value: unknown): string => {
      const key = JSON.stringify(value);
      const text = texts.get(key) ?? toYaml(value);
      texts.set(key, text);
      return text;
    },
  };
});
