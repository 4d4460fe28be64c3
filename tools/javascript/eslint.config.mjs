// What the type check does not see: it takes `elemnt.hidden = true` for the making of elemnt. Unused names are its own.
import js from '@eslint/js';
import globals from 'globals';

const given = Object.fromEntries(['element', 'props', 'trigger', 'watch'].map((name) => [name, 'readonly'])); // by Gradio

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: { ...globals.browser, ...given } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-unused-vars': 'off',
      'no-empty': ['error', { allowEmptyCatch: true }],
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-throw-literal': 'error',
      'no-self-compare': 'error',
      'no-unmodified-loop-condition': 'error',
      'array-callback-return': 'error',
      // User text reaches the page through textContent and value only.
      'no-restricted-properties': ['error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({ property, message: 'Use textContent.' })),
        { object: 'document', property: 'write', message: 'Use textContent.' }],
    },
  },
];
