import { expect, test } from 'vitest';
import notice from '../../../../NOTICE?raw';
import { noticeSections } from './notice.ts';

test('sections with their paragraphs', () => {
  expect(noticeSections('Name\n\nLicensed so.\n\nData\n  One.\n  Two.\n\nFiles\n  Three.\n')).toEqual([
    { title: '', text: 'Name' },
    { title: '', text: 'Licensed so.' },
    { title: 'Data', text: 'One. Two.' },
    { title: 'Files', text: 'Three.' },
  ]);
});

test('the notice names data and fonts', () => {
  const sections = noticeSections(notice);
  const text = (title: string): string => sections.find((section) => section.title === title)?.text ?? '';
  expect(text('Data')).toContain('MNIST');
  expect(text('Fonts')).toContain('SIL Open Font License');
});
