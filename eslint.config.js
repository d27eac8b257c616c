// Lint rules: type-aware checks, no cycles, and the order of the rooms (docs/architecture.md): imports point one way only.
import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';
import prettier from 'eslint-config-prettier';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';

// Each room may import itself and the rooms named before it.
const rooms = [
  'errors.ts',
  'random.ts',
  'wasm',
  'spec',
  'artifacts',
  'sources',
  'dataset',
  'text',
  'graph',
  'models',
  'losses',
  'training',
  'evaluation',
  'reporting',
  'publishing',
  'trainer',
  'temporal',
  'cli',
];

const zones = rooms.slice(0, -1).map((room, index) => ({
  // A room is a folder or one file; src/training.ts is an entry of the package and no room.
  target: [`./src/${room}`],
  from: rooms.slice(index + 1).map((later) => `./src/${later}`),
  message: `Rooms import one way: src/${room} stands below it (docs/architecture.md).`,
}));
const domain = rooms.filter((room) => !['temporal', 'cli', 'spec'].includes(room) && !room.endsWith('.ts'));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'examples/own-worker/**', 'test/interop/consumers/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', '.ci/*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.json' })] },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...zones,
            {
              target: rooms.filter((room) => !['temporal', 'cli'].includes(room)).map((room) => `./src/${room}`),
              from: ['./workflows', './activities'],
              message: 'The domain knows nothing of workflows and activities.',
            },
          ],
        },
      ],
    },
  },
  {
    // What runs in the workflow sandbox is deterministic and drags in nothing native.
    files: ['workflows/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*', 'fs', 'path', 'crypto'], message: 'Workflows use no Node built-ins.' },
            {
              group: ['onnxruntime-node', '@huggingface/*', '@duckdb/*', 'vega*'],
              message: 'Workflows import nothing native.',
            },
            { regex: '/src/(?!spec/|errors)', message: 'Workflows import only src/spec and src/errors.' },
          ],
        },
      ],
    },
  },
  {
    // The domain knows nothing of Temporal.
    files: domain.map((room) => `src/${room}/**/*.ts`),
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@temporalio/*'], message: 'The domain knows nothing of Temporal.' }] },
      ],
    },
  },
  {
    // The Worker's own process loads no ONNX Runtime and no transformers.js: only the trainer process does (docs/architecture.md).
    files: [
      'src/temporal/**/*.ts',
      'src/cli/**/*.ts',
      'src/dataset/**/*.ts',
      'src/sources/**/*.ts',
      'src/artifacts/**/*.ts',
      'activities/**/*.ts',
    ],
    ignores: ['**/*.test.ts'],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...zones,
            {
              target: ['./src/temporal', './src/cli', './activities'],
              from: [
                './src/graph',
                './src/losses',
                './src/training',
                './src/evaluation',
                './src/publishing',
                './src/text',
              ],
              message: 'Call these through the trainer process (src/trainer/host.ts).',
            },
          ],
        },
      ],
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  prettier,
);
