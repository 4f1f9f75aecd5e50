import vue from 'eslint-plugin-vue';
import typescript from 'typescript-eslint';

/** Templates of Vue and its watches, which oxlint does not see; everything else is oxlint's. */
export default [
  { ignores: ['out/**', 'node_modules/**'] },
  ...vue.configs['flat/recommended'].map((config) => ({ ...config, files: ['src/renderer/**/*.vue'] })),
  {
    files: ['src/renderer/**/*.vue'],
    // comments for oxlint
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    languageOptions: { parserOptions: { parser: typescript.parser, sourceType: 'module' } },
    rules: {
      // the layout of templates is prettier's
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      // optional properties are undefined, as their types say
      'vue/require-default-prop': 'off',
      'vue/multi-word-component-names': 'off',
      // a screen's parts share one reactive model, which they may write; only the property itself is fixed
      'vue/no-mutating-props': ['error', { shallowOnly: true }],
      'vue/no-v-html': 'error',
      'vue/no-bare-strings-in-template': [
        'error',
        { allowlist: ['·', '/', '%', '×', '–', '—', '→', '…', ':', ',', '(', ')', '+', '±', '#'] },
      ],
    },
  },
  {
    files: ['src/renderer/**/*.ts'],
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    languageOptions: { parser: typescript.parser, sourceType: 'module' },
  },
  {
    files: ['src/renderer/**/*.{ts,vue}'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.name='watch'] > ArrowFunctionExpression:first-child:matches([body.type='ArrayExpression'], [body.expression.type='ArrayExpression'])",
          message: 'A new array is a change each time anything behind it is written: give watch an array of getters.',
        },
      ],
    },
  },
];
