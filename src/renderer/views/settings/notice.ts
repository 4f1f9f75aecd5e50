/** The notice that goes with the program, in its sections. */
export interface NoticeSection {
  title: string;
  text: string;
}

/** Sections begin with a line at the margin; what is indented below belongs to it. Lines of one paragraph become one. */
export function noticeSections(notice: string): NoticeSection[] {
  const sections: NoticeSection[] = [];
  for (const block of notice.trim().split(/\n\s*\n/)) {
    const [first, ...rest] = block.split('\n');
    if (rest.length > 0 && !/^\s/.test(first) && rest.every((line) => /^\s/.test(line))) {
      sections.push({ title: first.trim(), text: rest.map((line) => line.trim()).join(' ') });
    } else if (sections.length > 0 && /^\s/.test(first)) {
      sections[sections.length - 1].text += ` ${block
        .split('\n')
        .map((line) => line.trim())
        .join(' ')}`;
    } else {
      sections.push({
        title: '',
        text: block
          .split('\n')
          .map((line) => line.trim())
          .join(' '),
      });
    }
  }
  return sections;
}
